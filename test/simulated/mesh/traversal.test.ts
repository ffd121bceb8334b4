import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type DiagnosticsPayloads, type MeshNode, onDiagnostics, type Path, type PathChange, type Peer } from '../../../src/index.js';
import { DIRECT_PROTOCOL } from '../../../src/mesh/direct/messages.js';
import { Mesh } from '../../../src/mesh/mesh.js';
import type { SimHost, SimNat } from '../../../src/testing/index.js';
import type { SimNetwork } from '../../../src/testing/sim-network.js';
import { nextEvent } from '../../scenario/support/nodes.js';
import { readAll, writeUntil } from '../support/bulk.js';
import { simulate } from '../support/programs.js';

type Attempt = DiagnosticsPayloads['osier:traversal'];

interface Meeting {
  readonly hosts: readonly [SimHost, SimHost];
  readonly nodes: readonly [MeshNode, MeshNode];
  readonly relays: readonly MeshNode[];
  /** The second node, as the first one has it. */ readonly peer: Peer;
  /** And the first, as the second one has it. */ readonly back: Peer;
  readonly changes: PathChange[];
  readonly attempts: readonly Attempt[];
}

/** Two nodes behind routers of these kinds, which know `relayCount` relays and one another's bare id; connected through a relay. */
async function meet(network: SimNetwork, nats: readonly [SimNat, SimNat], relayCount: number): Promise<Meeting> {
  const attempts: Attempt[] = [];
  const watch = onDiagnostics('osier:traversal', (attempt) => attempts.push(attempt));
  onTestFinished(() => watch[Symbol.dispose]());
  const relays: MeshNode[] = [];
  for (let number = 0; number < relayCount; number++) {
    relays.push(await network.host(`relay ${number}`).start({ relay: {}, peers: relays.map(({ address }) => address) }));
  }
  const peers = relays.map(({ address }) => address);
  const hosts = nats.map((nat, number) => network.host(`${nat} ${number}`, { nat })) as [SimHost, SimHost];
  const nodes = (await Promise.all(hosts.map((host) => host.start({ peers, liveness: 'lan' })))) as [MeshNode, MeshNode];
  for (const node of nodes) for (const address of peers) await node.connect(address);
  const known = nextEvent(nodes[1], 'peer');
  const peer = await nodes[0].connect(nodes[1].id);
  await known;
  const back = nodes[1].peers.get(nodes[0].id) as Peer;
  const changes: PathChange[] = [];
  peer.on('path', (change) => changes.push(change));
  return { hosts, nodes, relays, peer, back, changes, attempts };
}

const kindsOf = (...peers: readonly Peer[]): (Path['kind'] | undefined)[] => peers.map(({ path }) => path?.kind);

/** Writes for so long while `meanwhile` runs; true when all came. */
async function carries({ nodes, peer }: Meeting, network: SimNetwork, durationMs: number, meanwhile: () => Promise<void>): Promise<boolean> {
  const read = new Promise<Awaited<ReturnType<typeof readAll>>>((resolve) =>
    nodes[1].handle('sink', async (stream) => resolve(await readAll(stream))),
  );
  const stream = await peer.openStream('sink');
  const writing = writeUntil(stream, network.clock, network.clock.nowMs() + durationMs);
  await meanwhile();
  const [written, arrived] = [await writing, await read];
  return written.digest === arrived.digest && written.byteCount > 0;
}

/** Whether two nodes behind routers of these kinds find a direct way. */
const PAIRS: readonly (readonly [SimNat, SimNat, boolean])[] = [
  ['none', 'none', true],
  ['none', 'cone', true],
  ['none', 'symmetric', true],
  ['cone', 'none', true],
  ['cone', 'cone', true],
  ['cone', 'symmetric', false],
  ['symmetric', 'none', true],
  ['symmetric', 'cone', false],
  ['symmetric', 'symmetric', false],
];

describe('two nodes behind routers, in the middle of a stream through a relay', () => {
  test.each(PAIRS)("of kinds '%s' and '%s' go on directly: %s", async (near, far, isDirect) => {
    const network = simulate({ link: { delayMs: 5, bytesPerSecond: 150_000 } });
    await network.run(async () => {
      const meeting = await meet(network, [near, far], 1);
      expect(await carries(meeting, network, 3_000, async () => {})).toBe(true);
      const expected = isDirect ? 'direct' : 'relayed';
      expect(kindsOf(meeting.peer, meeting.back)).toEqual([expected, expected]);
      expect(meeting.peer.state.status).toBe('connected');
    });
  });
});

describe('the search for a direct way', () => {
  test('opens the routers of both ends by asking at both sides at once, and tells of it', async () => {
    const network = simulate({ link: { delayMs: 5 } });
    await network.run(async () => {
      const { peer, back, changes, attempts, nodes } = await meet(network, ['cone', 'cone'], 1);
      await network.clock.sleep(800);
      expect(kindsOf(peer, back)).toEqual(['direct', 'direct']);
      expect(changes.map(({ cause }) => cause)).toEqual([{ kind: 'upgraded', method: 'hole-punch' }]);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['direct', 'direct']);
      expect(new Set(attempts.map(({ peer }) => peer))).toEqual(new Set(nodes.map(({ id }) => id)));
      for (const { durationMs } of attempts) expect(durationMs).toBeLessThan(500);
    });
  });

  test('is not tried at mappings that are for a relay alone, where both routers have such', async () => {
    const network = simulate();
    await network.run(async () => {
      const { attempts, hosts } = await meet(network, ['symmetric', 'symmetric'], 2);
      await network.clock.sleep(3_000);
      expect(hosts).toHaveLength(2);
      expect(attempts.length).toBeGreaterThan(0);
      expect(new Set(attempts.map(({ outcome }) => outcome))).toEqual(new Set(['endpoint-dependent-nat']));
    });
  });

  test('that fails is made again after half a minute, then after a minute', async () => {
    const network = simulate();
    await network.run(async () => {
      const { attempts } = await meet(network, ['cone', 'symmetric'], 1);
      await network.clock.sleep(10_000);
      const first = attempts.length;
      expect(attempts.every(({ outcome }) => outcome === 'no-answer')).toBe(true);
      await network.clock.sleep(28_000);
      expect(attempts).toHaveLength(first + 2);
      await network.clock.sleep(50_000);
      expect(attempts).toHaveLength(first + 2);
      await network.clock.sleep(20_000);
      expect(attempts).toHaveLength(first + 4);
    });
  });

  test('is not made by a node that asked for a relay by name', async () => {
    const network = simulate();
    await network.run(async () => {
      const relay = await network.host('relay').start({ relay: {} });
      const peers = [relay.address];
      const near = await network.host('near', { nat: 'cone' }).start({ peers });
      const far = await network.host('far').start({ peers });
      for (const node of [near, far]) await node.connect(relay.address);
      const peer = await near.connect(far.id, { via: relay.id });
      await network.clock.sleep(90_000);
      expect(peer.path).toMatchObject({ kind: 'relayed', waypoint: relay.id });
    });
  });

  test('is told to be in vain where the peer knows nothing of it', async () => {
    const network = simulate();
    const genuine = Mesh.prototype.onOwnStream;
    const taken = vi.spyOn(Mesh.prototype, 'onOwnStream');
    onTestFinished(() => taken.mockRestore());
    taken.mockImplementation(function (this: Mesh, ...request: Parameters<Mesh['onOwnStream']>) {
      return request[3] !== DIRECT_PROTOCOL && Reflect.apply(genuine, this, request);
    });
    await network.run(async () => {
      const { attempts, peer } = await meet(network, ['cone', 'cone'], 1);
      await network.clock.sleep(5_000);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['no-rendezvous']);
      expect(peer.path?.kind).toBe('relayed');
    });
  });

  test('is made again at once when the router of one end gets another address in mid-stream, and no byte is lost', async () => {
    const network = simulate({ link: { delayMs: 5, bytesPerSecond: 150_000 } });
    await network.run(async () => {
      const meeting = await meet(network, ['cone', 'cone'], 1);
      const isWhole = await carries(meeting, network, 6_000, async () => {
        await network.clock.sleep(2_000);
        expect(kindsOf(meeting.peer, meeting.back)).toEqual(['direct', 'direct']);
        meeting.hosts[0].renumber();
      });
      expect(isWhole).toBe(true);
      expect(kindsOf(meeting.peer, meeting.back)).toEqual(['direct', 'direct']);
      const causes = meeting.changes.map(({ cause }) => cause.kind);
      expect([causes[0], new Set(causes.slice(1, -1)), causes.at(-1)]).toEqual(['upgraded', new Set(['failover']), 'upgraded']);
      expect(meeting.peer.state.status).toBe('connected');
    });
  });
});

describe('what a node tells of its router', () => {
  test('is its class, and where peers see it, together', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes, relays } = await meet(network, ['cone', 'symmetric'], 2);
      await network.clock.sleep(100);
      const seen = relays.map((relay) => relay.peers.get(nodes[0].id)?.path) as Extract<Path, { kind: 'direct' }>[];
      expect(nodes[0].info().nat).toBe('endpoint-independent');
      for (const path of seen) expect(nodes[0].address).toContain(`${path.remote.host}:${path.remote.port}`);
      expect(nodes[1].info().nat).toBe('endpoint-dependent');
      expect(relays.map((relay) => relay.info().nat)).toEqual(['none', 'none']);
      const other = relays.map((relay) => relay.peers.get(nodes[1].id)?.path) as Extract<Path, { kind: 'direct' }>[];
      for (const path of other) expect(nodes[1].address).not.toContain(`${path.remote.host}:`);
    });
  });

  test('follows when the router gets another address', async () => {
    const network = simulate();
    await network.run(async () => {
      const { nodes, relays, hosts } = await meet(network, ['cone', 'none'], 2);
      await network.clock.sleep(100);
      const before = nodes[0].address;
      hosts[0].renumber();
      for (const relay of relays) await nodes[0].peers.get(relay.id)?.ping();
      await network.clock.sleep(1_000);
      const path = relays[0]?.peers.get(nodes[0].id)?.path as Extract<Path, { kind: 'direct' }>;
      expect(nodes[0].address).not.toBe(before);
      expect(nodes[0].address).toContain(`${path.remote.host}:${path.remote.port}`);
      expect(nodes[0].info().nat).toBe('endpoint-independent');
    });
  });
});

describe('a direct path that is idle', () => {
  const packetsWhileIdle = async (nat: SimNat, keepAliveMs: number | 'auto'): Promise<bigint> => {
    const network = simulate();
    return network.run(async () => {
      const relay = await network.host('relay').start({ relay: {} });
      const node = await network.host('inside', { nat }).start({ keepAliveMs });
      await node.connect(relay.address);
      await network.clock.sleep(5_000);
      const before = node.stats().packetsSent;
      await network.clock.sleep(240_000);
      return node.stats().packetsSent - before;
    });
  };

  test('is kept open each 25 s where a router changes the address, and not where none does', async () => {
    const without = await packetsWhileIdle('none', 'auto');
    expect(without).toBeLessThanOrEqual(await packetsWhileIdle('none', 0));
    const kept = await packetsWhileIdle('cone', 'auto');
    expect(kept - without).toBeGreaterThanOrEqual(8n);
    expect(kept - without).toBeLessThanOrEqual(11n);
    expect(await packetsWhileIdle('cone', 0)).toBe(without);
  });
});
