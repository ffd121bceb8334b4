/** Promises of test/scenario again, over links that lose, repeat, reorder and damage. */
import { describe, expect, test } from 'vitest';
import type { ByteStream, Peer } from '../../src/index.js';
import { collect, deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { connectTwo, echoed, serveEcho, simulate } from './support/programs.js';

const BAD_LINK = { delayMs: 15, jitterMs: 5, lossRate: 0.1, duplicateRate: 0.05, reorderRate: 0.1, corruptRate: 0.05 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk);

/** Runs a program for two connected nodes over a bad link, under three seeds. */
async function overBadLinks(program: (ends: Awaited<ReturnType<typeof connectTwo>>) => Promise<void>): Promise<void> {
  for (const seed of ['0', '1', '2']) {
    const network = simulate({ seed, link: BAD_LINK });
    await network.run(async () => program(await connectTwo(network)));
  }
}

/** What the client opened, and what the server's handler got. */
async function openPair({ server, peer }: Awaited<ReturnType<typeof connectTwo>>): Promise<{ here: ByteStream; there: ByteStream }> {
  const handled = deferred<ByteStream>();
  server.handle('pair', async (stream) => {
    handled.resolve(stream);
    await stream.closed;
  });
  const here = await peer.openStream('pair');
  await here.write(bytes('!'));
  const there = await handled.promise;
  expect(await there.read(new Uint8Array(1))).toBe(1);
  return { here, there };
}

describe('a bytes stream over a bad link', () => {
  test('carries what was written, in order, once, and then its end', () =>
    overBadLinks(async ({ peer }) => {
      const sent = patternBytes(300_000);
      expect(sameBytes(await echoed(peer, sent), sent)).toBe(true);
    }));

  test('half-closed one way still carries the other way', () =>
    overBadLinks(async (ends) => {
      const { here, there } = await openPair(ends);
      await here.end();
      expect(await there.read(new Uint8Array(4))).toBe(0);
      await there.write(bytes('still here'));
      void there.end();
      expect(text(await collect(here))).toBe('still here');
      expect(await here.closed).toEqual({ status: 'finished' });
      expect(await there.closed).toEqual({ status: 'finished' });
    }));

  test('reset gives up both directions, and both ends hear the code', () =>
    overBadLinks(async (ends) => {
      const { here, there } = await openPair(ends);
      const reading = there.read(new Uint8Array(1));
      here.reset(77);
      await expect(reading).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
      expect(await here.closed).toMatchObject({ status: 'failed', error: { details: { by: 'local', applicationCode: 77 } } });
      expect(await there.closed).toMatchObject({ status: 'failed', error: { details: { by: 'remote', applicationCode: 77 } } });
    }));

  test('a hundred at once carry their own bytes', () =>
    overBadLinks(async ({ peer }) => {
      const all = Array.from({ length: 100 }, (_, number) => patternBytes(3_000 + number, number + 1));
      const back = await Promise.all(all.map((sent) => echoed(peer, sent)));
      expect(back.every((received, at) => sameBytes(received, all[at] as Uint8Array))).toBe(true);
    }));
});

describe("streams beyond the peer's limit", () => {
  test('wait until one ends', async () => {
    for (const seed of ['0', '1', '2']) {
      const network = simulate({ seed });
      await network.run(async () => {
        const server = await network.host('server').start({ limits: { streamsPerPeer: 2 } });
        server.handle('hold', async (stream) => void (await collect(stream)));
        const peer = await (await network.host('client').start()).connect(server.address);
        const held = await Promise.all([peer.openStream('hold'), peer.openStream('hold')]);
        await expect(peer.openStream('hold', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
        const waiting = peer.openStream('hold');
        await held[0]?.end();
        const third = await waiting;
        await third.end();
        expect(await third.closed).toEqual({ status: 'finished' });
      });
    }
  });
});

describe('connecting over a bad link', () => {
  test('both ends at once come to one connection each, and streams flow both ways', async () => {
    for (const seed of ['0', '1', '2', '3', '4']) {
      const network = simulate({ seed, link: BAD_LINK });
      await network.run(async () => {
        const [one, other] = [await network.host('one').start(), await network.host('other').start()];
        for (const node of [one, other]) serveEcho(node);
        const peers = await Promise.all([one.connect(other.address), other.connect(one.address)]);
        for (const peer of peers) expect(sameBytes(await echoed(peer, patternBytes(3_000)), patternBytes(3_000))).toBe(true);
        expect([one.stats().peersConnected, other.stats().peersConnected]).toEqual([1, 1]);
      });
    }
  });

  test('a peer that is to be kept is connected again when a partition ends', async () => {
    const network = simulate({ link: { delayMs: 15, lossRate: 0.1 } });
    await network.run(async () => {
      const [home, away] = [network.host('home'), network.host('away')];
      const server = await home.start();
      serveEcho(server);
      const client = await away.start({ peers: [server.address], peerLostAfterMs: 5_000, keepAliveMs: 1_000 });
      const kept = (): Peer | undefined => client.peers.get(server.id);
      while (kept()?.state.status !== 'connected') await network.clock.sleep(100);
      network.partition([home], [away]);
      while (kept()?.state.status === 'connected') await network.clock.sleep(100);
      network.heal();
      while (kept()?.state.status !== 'connected') await network.clock.sleep(100);
      const sent = patternBytes(3_000);
      expect(sameBytes(await echoed(kept() as Peer, sent), sent)).toBe(true);
    });
  });
});

describe('closing over a bad link', () => {
  test('lets handlers finish what they do, then reports that all is drained', () =>
    overBadLinks(async ({ server, client, peer }) => {
      const begun = deferred<void>();
      server.handle('slow', async (stream, { draining }) => {
        begun.resolve();
        await new Promise((resolve) => draining.addEventListener('abort', resolve));
        await server.clock.sleep(2_000);
        await stream.write(bytes('done'));
      });
      const stream = await peer.openStream('slow');
      await stream.write(bytes('go'));
      void stream.end();
      await begun.promise;
      const closing = server.close({ timeoutMs: 30_000 });
      expect(text(await collect(stream))).toBe('done');
      expect(await closing).toEqual({ status: 'drained' });
      await client.close();
    }));

  test('ends a stream with PEER_LOST when the other end is gone for good', async () => {
    const network = simulate({ link: BAD_LINK });
    await network.run(async () => {
      const ends = await connectTwo(network);
      const stream = await ends.peer.openStream('echo');
      await stream.write(bytes('hello'));
      ends.hosts[0].crash();
      const startMs = network.clock.nowMs();
      expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_LOST' } });
      expect(network.clock.nowMs() - startMs).toBeGreaterThan(29_000);
      expect(network.clock.nowMs() - startMs).toBeLessThan(32_000);
    });
  });
});
