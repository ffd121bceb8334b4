/** Streams that nobody writes to, and peers that are gone. */
import { describe, expect, test } from 'vitest';
import type { ByteStream } from '../../src/index.js';
import { observeDatagrams, type SimNetwork } from '../../src/testing/sim-network.js';
import { connectTwo, simulate } from './support/programs.js';

const PEER_LOST_MS = 10_000;
const HALF_MS = PEER_LOST_MS / 2;
const HOUR_MS = 3_600_000;

/** Two hosts, and a stream between them that was used once; both ends wait for the other to write. */
async function quietStream(network: SimNetwork, seed: number) {
  const [serverHost, clientHost] = [network.host('server'), network.host('client', { nat: 'cone' })];
  const [server, client] = [await serverHost.start({ peerLostAfterMs: PEER_LOST_MS }), await clientHost.start({ peerLostAfterMs: PEER_LOST_MS })];
  const ends: ByteStream[] = [];
  server.handle('quiet', async (stream) => {
    ends.push(stream);
    await stream.read(new Uint8Array(1));
    await stream.write(new Uint8Array(1));
    await stream.closed;
  });
  const peer = await client.connect(server.address);
  const here = await peer.openStream('quiet');
  await here.write(new Uint8Array(1));
  expect(await here.read(new Uint8Array(1))).toBe(1);
  await network.clock.sleep(1_000 * seed);
  const [there] = ends;
  if (there === undefined) throw new Error('nobody was served');
  return { serverHost, clientHost, server, client, peer, here, there };
}

/** Counts what is sent from now on. */
function countSent(network: SimNetwork): () => number {
  let sent = 0;
  observeDatagrams(network, ({ what }) => {
    if (what === 'sent') sent++;
  });
  return () => sent;
}

describe.each([0, 1, 2, 3, 4, 5, 6, 7])('a stream that both ends only read, used %s s ago', (seed) => {
  test('fails with PEER_LOST at the end whose peer died, within half as long again as a peer may be silent', async () => {
    const network = simulate({ link: { delayMs: 20 } });
    await network.run(async () => {
      const { serverHost, here } = await quietStream(network, seed);
      serverHost.crash();
      const diedAtMs = network.clock.nowMs();
      await expect(here.read(new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_LOST' });
      const silentMs = network.clock.nowMs() - diedAtMs;
      expect(silentMs).toBeGreaterThanOrEqual(PEER_LOST_MS);
      expect(silentMs).toBeLessThan(PEER_LOST_MS + HALF_MS + 100);
    });
  });

  test('hears of a close of which no word came through', async () => {
    const network = simulate({ link: { delayMs: 20 } });
    await network.run(async () => {
      const { serverHost, clientHost, server, client, here } = await quietStream(network, seed);
      network.partition([serverHost], [clientHost]);
      await server.peers.get(client.id)?.close({ timeoutMs: 0 });
      network.heal();
      const closedAtMs = network.clock.nowMs();
      await expect(here.read(new Uint8Array(1))).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_CLOSED' });
      expect(network.clock.nowMs() - closedAtMs).toBeLessThan(HALF_MS + 1_000);
    });
  });

  test('reads what is written after its NAT has changed its port, without writing itself', async () => {
    const network = simulate({ link: { delayMs: 20 } });
    await network.run(async () => {
      const { clientHost, here, there } = await quietStream(network, seed);
      clientHost.renumber();
      const movedAtMs = network.clock.nowMs();
      await there.write(new Uint8Array(100));
      expect(await here.read(new Uint8Array(100))).toBe(100);
      expect(network.clock.nowMs() - movedAtMs).toBeLessThan(HALF_MS + 2_000);
    });
  });
});

test('a quiet stream costs a few packets in half the time that a peer may be silent, and no new keys', async () => {
  const network = simulate({ link: { delayMs: 20 } });
  await network.run(async () => {
    const { client, here } = await quietStream(network, 1);
    const sent = countSent(network);
    await network.clock.sleep(HOUR_MS);
    expect(sent()).toBeGreaterThanOrEqual((2 * HOUR_MS) / HALF_MS - 2);
    expect(sent()).toBeLessThanOrEqual((4 * HOUR_MS) / HALF_MS);
    expect(client.stats().handshakesCompleted).toBe(1n);
    here.reset();
  });
});

test('an idle association without streams sends nothing', async () => {
  const network = simulate({ link: { delayMs: 20 } });
  await network.run(async () => {
    const { peer } = await connectTwo(network);
    const stream = await peer.openStream('echo');
    await stream.end();
    expect(await stream.read(new Uint8Array(1))).toBe(0);
    await network.clock.sleep(1_000);
    const sent = countSent(network);
    await network.clock.sleep(500_000);
    expect(sent()).toBe(0);
    expect(peer.state.status).toBe('connected');
  });
});
