/** What callers sent and somebody recorded, clocks that went back, and calls that cross: nothing is torn down, and who is honest gets in. */
import { describe, expect, test } from 'vitest';
import { MessageKind } from '../../src/handshake/envelope.js';
import { JoinInitiator, Timestamps } from '../../src/handshake/index.js';
import { exchangeKeysOf } from '../../src/identity/index.js';
import { type ByteStream, generateIdentity, generateNetworkSecret, type Identity, type MeshNode, type Peer } from '../../src/index.js';
import type { SimHost, SimNodeOptions } from '../../src/testing/index.js';
import { observeDatagrams, type SimNetwork, underneath } from '../../src/testing/sim-network.js';
import { patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { initiatorOf, partyOf } from '../unit/handshake/parties.js';
import { echoed, serveEcho, simulate } from './support/programs.js';

const BYTES = patternBytes(5_000);
const YEAR_MS = 365 * 86_400_000;
const HANDSHAKE = 1;
/** What a caller sends: message 1 by id; messages 1 and 3 of a join by address. */
const CALLERS_KINDS: ReadonlySet<number> = new Set([MessageKind.ik1, MessageKind.xx1, MessageKind.xx3]);

const WAYS = ['by id', 'by address'] as const;
type Way = (typeof WAYS)[number];

/** Where `way` calls the node. */
const targetOf = (node: MeshNode, way: Way): string => (way === 'by id' ? node.address : node.address.replace(`${node.id}@`, ''));

/** Keeps every message of a caller that `from` sends to `to`. */
function recordCalls(network: SimNetwork, from: SimHost, to: SimHost): readonly Uint8Array[] {
  const calls: Uint8Array[] = [];
  observeDatagrams(network, ({ what, from: sender, to: receiver, bytes }) => {
    const [type, kind = 0] = bytes;
    const isCall = type === HANDSHAKE && CALLERS_KINDS.has(kind);
    if (what === 'sent' && sender === from.name && receiver === to.name && isCall) calls.push(Uint8Array.from(bytes));
  });
  return calls;
}

/** Sends `datagram` to `to` as from the address of `source`. */
function replay(network: SimNetwork, source: SimHost, to: SimHost, datagram: Uint8Array): void {
  const { network: wires, machineOf } = underneath(network);
  wires.send(machineOf(source), { host: machineOf(to).publicAddress, port: 7_400 }, datagram, 0);
}

/**
 * What somebody may have who held messages back or is a member himself: a message 1 under the key of `caller` that is newer than all it was ever heard to
 * say, one under the key of another, and one of a join, which nobody completes.
 */
async function newerCalls(secret: Uint8Array, caller: Identity, server: MeshNode): Promise<Uint8Array[]> {
  const timestamps = new Timestamps(() => Date.now() + YEAR_MS);
  const called = await partyOf({ id: server.id });
  const own = { id: caller.id, exchangeKeys: exchangeKeysOf(caller) };
  const callers = [await partyOf({ ...own, networkSecrets: [secret], timestamps }), await partyOf({ networkSecrets: [secret], timestamps })];
  const joiner = new JoinInitiator(await partyOf({ networkSecrets: [secret] }), 0x0100_0001);
  return [...callers.map((party) => initiatorOf(party, called).nextMessage().datagram), joiner.nextMessage().datagram];
}

/** The next `byteCount` bytes of a stream that has no end. */
async function readExactly(stream: ByteStream, byteCount: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; ) {
    const read = await stream.read(bytes.subarray(at));
    if (read === 0) throw new Error('the stream ended');
    at += read;
  }
  return bytes;
}

interface Party {
  readonly host: SimHost;
  readonly node: MeshNode;
  /** What a restart begins with. */
  readonly options: SimNodeOptions;
}

/** A server, and a client that has called it `times` times, restarted each time, with what it said as the caller; and newer calls, which it never made. */
async function called(
  network: SimNetwork,
  way: Way,
  times: number,
  idleTimeoutMs: number,
): Promise<{ server: Party; client: Party; thief: SimHost; peer: Peer; calls: readonly Uint8Array[]; newer: readonly Uint8Array[] }> {
  const [identity, secret] = [await generateIdentity(), generateNetworkSecret()];
  const options = { network: { secret }, idleTimeoutMs };
  const [home, away, thief] = [network.host('server'), network.host('client'), network.host('thief')];
  const calls = recordCalls(network, away, home);
  const server = await home.start(options);
  serveEcho(server);
  let node = await away.start({ ...options, identity });
  let peer = await node.connect(targetOf(server, way));
  for (let time = 1; time < times; time++) {
    await network.clock.sleep(1_000);
    await node.close();
    node = await away.start({ ...options, identity });
    peer = await node.connect(targetOf(server, way));
  }
  await echoed(peer, BYTES);
  const kinds = way === 'by id' ? [MessageKind.ik1] : [MessageKind.xx1, MessageKind.xx3];
  expect(calls.map((call) => call[1])).toEqual(Array.from({ length: times }, () => kinds).flat());
  const newer = await newerCalls(secret, identity, server);
  return {
    server: { host: home, node: server, options },
    client: { host: away, node, options: { ...options, identity } },
    thief,
    peer,
    calls,
    newer,
  };
}

/** Replays each call thrice, from its sender's own address and from a stranger's, over several seconds. */
async function replayAll(network: SimNetwork, calls: readonly Uint8Array[], sources: readonly SimHost[], to: SimHost): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const call of calls) for (const source of sources) replay(network, source, to, call);
    await network.clock.sleep(2_000);
  }
}

describe.each(WAYS)('what a caller %s sent, newest or older, newer than it, or under the key of another, from its sender or a stranger', (way) => {
  // At once, and longer than answers are kept for repetitions.
  test.each([0, 20_000])('changes nothing for a live association: its streams go on, %i ms after the call', async (waitMs) => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, thief, peer, calls, newer } = await called(network, way, 3, 600_000);
      await network.clock.sleep(waitMs);
      const states: string[] = [];
      for (const end of [peer, server.node.peers.get(client.node.id)]) end?.on('state', ({ status }) => states.push(status));
      const stream = await peer.openStream('echo');
      await stream.write(BYTES);
      const replayed = replayAll(network, [...calls, ...newer], [client.host, thief], server.host);
      const { handshakesCompleted } = server.node.stats();
      for (let round = 0; round < 10; round++) {
        const read = await readExactly(stream, 500);
        expect(sameBytes(read, BYTES.subarray(round * 500, round * 500 + 500))).toBe(true);
        await network.clock.sleep(500);
      }
      await replayed;
      await network.clock.sleep(20_000);
      expect(states).toEqual([]);
      expect(server.node.stats()).toMatchObject({ handshakesCompleted, peersConnected: 1 });
      expect([...server.node.peers.keys()]).toEqual([client.node.id]);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });

  test('changes nothing for an idle association: the next stream uses it', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, thief, peer, calls, newer } = await called(network, way, 3, 0);
      await network.clock.sleep(3_600_000);
      const { handshakesCompleted } = server.node.stats();
      const before = calls.length;
      await replayAll(network, [...calls, ...newer], [client.host, thief], server.host);
      await network.clock.sleep(20_000);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
      expect(server.node.stats()).toMatchObject({ handshakesCompleted, peersConnected: 1 });
      expect([...server.node.peers.keys()]).toEqual([client.node.id]);
      // Nobody called anew: there are those of before, and three replays of all in their sender's name.
      expect(calls).toHaveLength(before + 3 * (before + newer.length));
    });
  });

  test('makes no association where one has expired, and keeps its sender from nothing', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, thief, peer, calls, newer } = await called(network, way, 3, 10_000);
      await network.clock.sleep(60_000);
      const { handshakesCompleted, memoryBytes } = server.node.stats();
      await replayAll(network, [...calls, ...newer], [client.host, thief], server.host);
      await network.clock.sleep(20_000);
      expect(server.node.stats()).toMatchObject({ handshakesCompleted, peersConnected: 0, memoryBytes });
      expect([...server.node.peers.keys()]).toEqual([client.node.id]);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });

  test('makes no association with a restarted server, which remembers none of them, and keeps its sender from nothing', async () => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, thief, peer, calls, newer } = await called(network, way, 3, 10_000);
      await network.clock.sleep(60_000);
      server.host.crash();
      const again = await server.host.start(server.options);
      serveEcho(again);
      await replayAll(network, [...calls, ...newer], [client.host, thief], server.host);
      await network.clock.sleep(20_000);
      expect(again.stats()).toMatchObject({ handshakesCompleted: 0n, peersConnected: 0 });
      expect(again.peers.size).toBe(0);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });
});

describe('a wall clock that goes back by a year', () => {
  test.each(['server', 'client'])('keeps nobody out, whether the node is restarted or not: %s', async (which) => {
    const network = simulate();
    await network.run(async () => {
      const { server, client, peer } = await called(network, 'by id', 1, 10_000);
      const { host, options } = which === 'server' ? server : client;
      underneath(network).machineOf(host).wallClockAheadMs = -YEAR_MS;
      await network.clock.sleep(60_000);
      expect(peer.state.status).not.toBe('connected');
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);

      await network.clock.sleep(60_000);
      host.crash();
      const again = await host.start(options);
      serveEcho(again);
      const startMs = network.clock.nowMs();
      const caller = which === 'server' ? client.node : again;
      const back = await caller.connect(which === 'server' ? again.address : server.node.address);
      expect(sameBytes(await echoed(back, BYTES), BYTES)).toBe(true);
      expect(network.clock.nowMs() - startMs).toBeLessThan(5_000);
    });
  });
});

describe('both ends that call one another at once', () => {
  test.each([0, 1])('connect once the direction from end %s, dead at first, carries again, and have one association', async (deaf) => {
    for (const deadMs of [100, 1_000, 10_000]) {
      const network = simulate({ link: { delayMs: 10 } });
      await network.run(async () => {
        const hosts = [network.host('one'), network.host('other')] as const;
        const nodes = [await hosts[0].start(), await hosts[1].start()] as const;
        for (const node of nodes) serveEcho(node);
        const [from, to] = deaf === 0 ? hosts : ([hosts[1], hosts[0]] as const);
        network.setLink(from, to, { lossRate: 1 }, 'one-way');
        const bothConnected = Promise.all([nodes[0].connect(nodes[1].address), nodes[1].connect(nodes[0].address)]);
        await network.clock.sleep(deadMs);
        network.setLink(from, to, { lossRate: 0 }, 'one-way');
        const healedMs = network.clock.nowMs();
        const peers = await bothConnected;
        // The longest wait between two attempts is 5 s, with its jitter.
        expect(network.clock.nowMs() - healedMs).toBeLessThan(6_100);
        const states: string[] = [];
        for (const peer of peers) peer.on('state', ({ status }) => states.push(status));
        for (const peer of peers) expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
        await network.clock.sleep(30_000);
        expect(states).toEqual([]);
        for (const node of nodes) expect(node.stats().peersConnected).toBe(1);
      });
    }
  });
});
