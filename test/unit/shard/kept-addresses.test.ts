/** Who is kept connected in which shard, and what is tried again, without shards. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { OsierError } from '../../../src/errors/index.js';
import { formatAddress, generateIdentity, type HostAndPort, type NodeAddress, type NodeId } from '../../../src/identity/index.js';
import { KeptAddresses } from '../../../src/shard/kept-addresses.js';
import type { RemotePeers } from '../../../src/shard/remote-peers.js';
import { ShardDirectory } from '../../../src/shard/shard-directory.js';
import { noRoomForPeers, shardDied } from '../../../src/shard/shard-errors.js';
import type { ShardLink } from '../../../src/shard/shard-link.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

/** In which shard an id is placed; `null`: there is no room. */
type Placing = (id: NodeId) => number | null;

/** A shard that keeps as many peers as it has room for. */
class FakeShard {
  readonly index: number;
  isRunning = true;
  /** Peers by id. */
  room = Number.POSITIVE_INFINITY;
  kept: readonly string[] = [];
  /** How often it was told whom to keep. */
  changes = 0;
  /** Whom it was told to pin. */
  readonly pinned: unknown[] = [];
  readonly outbox = { push: ({ op, ...pin }: { op: string }) => void (op === 'pin' && this.pinned.push(pin)) };
  /** Kept one by one: id and reason. */
  readonly keptAlone: string[] = [];

  constructor(index: number) {
    this.index = index;
  }

  async call(name: string, args: never, _signal?: AbortSignal, take: (value: unknown) => unknown = (value) => value): Promise<unknown> {
    return take(await this.#answer(name, args));
  }

  async #answer(name: string, args: never): Promise<unknown> {
    if (!this.isRunning) throw shardDied(this.index, null);
    switch (name) {
      case 'place':
        return placing((args as { id: NodeId }).id);
      case 'keepPeers':
        return this.#keepPeers(args);
      case 'keep': {
        const { target, reason } = args as { target: string; reason: string };
        if (this.room === 0) throw noRoomForPeers();
        this.keptAlone.push(`${target} ${reason}`);
        return { peer: 1 };
      }
    }
    throw new Error(name);
  }

  #keepPeers({ peers, isWhole }: { peers: readonly string[]; isWhole: boolean }): readonly string[] {
    this.changes++;
    const without = peers.slice(this.room);
    if (isWhole && without.length > 0) throw noRoomForPeers();
    this.kept = peers.filter((peer) => !without.includes(peer));
    return without;
  }

  start(): void {
    this.isRunning = true;
    this.kept = [];
    directory.add(this as unknown as ShardLink);
  }

  die(): void {
    this.isRunning = false;
    directory.remove(this as unknown as ShardLink);
  }
}

const newId = async (): Promise<NodeId> => (await generateIdentity()).id;
const OWN = await newId();
const addressAt = async (port: number): Promise<NodeAddress & { id: NodeId }> => ({ id: await newId(), hosts: [{ host: '10.0.0.1', port }] });
const place = (port: number): NodeAddress => ({ id: null, hosts: [{ host: '10.0.0.2', port }] });
const text = formatAddress;
const [one, two, three] = [await addressAt(1), await addressAt(2), await addressAt(3)];
/** Two of three in shard 0. */
const SPREAD: Placing = (id) => (id === two.id ? 1 : 0);

let runtime: ManualRuntime;
let directory: ShardDirectory;
let [zero, other] = [new FakeShard(0), new FakeShard(1)];
let placing: Placing;
let warnings: OsierError[];
let known: unknown[];
let kept: KeptAddresses;

beforeEach(() => {
  runtime = new ManualRuntime();
  [warnings, known] = [[], []];
  const peers = {
    get: (id: NodeId) => known.find((peer) => (peer as { id: NodeId }).id === id),
    values: () => known,
  } as unknown as RemotePeers;
  directory = new ShardDirectory(peers, 2, runtime);
  [zero, other] = [new FakeShard(0), new FakeShard(1)];
  zero.start();
  other.start();
  placing = SPREAD;
  kept = new KeptAddresses(OWN, directory, peers, runtime, (error) => warnings.push(error));
});

test('each peer is kept where it is placed, and one of which only the address is known in shard 0', async () => {
  await kept.replace([one, two, three, place(9), { id: OWN, hosts: [] }]);
  expect(zero.kept).toEqual([one, three, place(9)].map(text));
  expect(other.kept).toEqual([text(two)]);
  expect(runtime.pendingTimers).toBe(0);
});

test.each([
  ['placed', (id: NodeId) => (id === two.id ? null : SPREAD(id)), 1, 0],
  ['held by their shard', SPREAD, 0, 2],
])('too many to be %s are refused when all shards run, and those of before stay', async (_, places, room, changes) => {
  await kept.replace([one]);
  placing = places;
  other.room = room;
  const before = zero.changes;
  await expect(kept.replace([one, two, three])).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT', details: { limit: 'peers' } });
  expect([zero.kept, other.kept]).toEqual([[text(one)], []]);
  expect(zero.changes - before).toBe(changes);
});

describe('while a shard is down', () => {
  test('one peer that finds no place takes none from the others, and is placed when it is back', async () => {
    await kept.replace([one, two, three]);
    other.die();
    placing = (id) => (id === two.id ? null : 0);
    await kept.redistribute();
    expect(zero.kept).toEqual([one, three].map(text));
    // That is no fault of the limits.
    expect(warnings).toEqual([]);
    placing = () => 0;
    await runtime.advance(500);
    expect(zero.kept).toEqual([one, two, three].map(text));
    await runtime.advance(60_000);
    expect(runtime.pendingTimers).toBe(0);
  });

  test('peers that the other has no room for are kept when they can be, and the node is told once that it has too little', async () => {
    zero.room = 2;
    await kept.replace([one, two, three]);
    other.die();
    placing = () => 0;
    await kept.redistribute();
    expect(zero.kept).toEqual([one, two].map(text));
    other.start();
    await kept.redistribute();
    expect(zero.kept).toEqual([one, two].map(text));
    await runtime.advance(10_000);
    expect(warnings.map(({ code }) => code)).toEqual(['ERR_OSIER_LIMIT']);
    // The place that was of no use is given up.
    placing = (id) => (id === three.id ? 1 : 0);
    await runtime.advance(30_000);
    expect([zero.kept, other.kept]).toEqual([[one, two].map(text), [text(three)]]);
    expect(runtime.pendingTimers).toBe(0);
  });

  test('without the shard that places, those that have a home are kept, and all when it is back', async () => {
    await kept.replace([one, two, place(9)]);
    zero.die();
    known.push({ id: two.id, home: { shard: other }, closing: null, keptFor: new Map() });
    await kept.redistribute();
    expect(other.kept).toEqual([text(two)]);
    zero.start();
    await kept.redistribute();
    expect(zero.kept).toEqual([one, place(9)].map(text));
  });

  test('other peers can be chosen: what cannot be done at once is done later', async () => {
    other.die();
    placing = (id) => (id === two.id ? null : 0);
    await kept.replace([one, two]);
    expect(zero.kept).toEqual([text(one)]);
    placing = () => 0;
    await runtime.advance(500);
    expect(zero.kept).toEqual([one, two].map(text));
  });
});

describe('a peer that was found at an address, and lives elsewhere,', () => {
  const reason = text(place(9));

  test('is tried again when there was no room for it, until it is kept', async () => {
    await kept.replace([place(9)]);
    placing = () => 1;
    other.room = 0;
    kept.keepFound(two.id, place(9).hosts, reason);
    await settle();
    expect(other.keptAlone).toEqual([]);
    const peer = { id: two.id, home: { shard: other }, closing: null, keptFor: new Map() };
    known.push(peer);
    other.room = 1;
    await runtime.advance(500);
    expect(other.keptAlone).toEqual([`osier://${two.id}@10.0.0.2:9 ${reason}`]);
    expect([...peer.keptFor]).toEqual([[reason, other]]);
    await kept.redistribute();
    expect(other.keptAlone).toHaveLength(1);
    expect(runtime.pendingTimers).toBe(0);
  });

  test.each([true, false])('is pinned to the address when it is connected, not before: found before that %s', async (isFoundBefore) => {
    await kept.replace([place(9)]);
    placing = () => 1;
    const peer = { id: two.id, home: { shard: other }, closing: null, keptFor: new Map(), state: { status: 'connecting' } };
    known.push(peer);
    const { hosts } = place(9);
    const connects = (): void => {
      peer.state.status = 'connected';
      kept.onConnected(two.id);
    };
    if (!isFoundBefore) connects();
    expect(zero.pinned).toEqual([]);
    kept.keepFound(two.id, hosts, reason);
    if (isFoundBefore) {
      kept.onConnected(one.id);
      expect(zero.pinned).toEqual([]);
      connects();
    }
    expect(zero.pinned).toEqual([{ hosts, id: two.id }]);
    expect(directory.pins.get(hosts[0] as HostAndPort)).toBe(two.id);
    // Once is enough, and who was found there meanwhile stays.
    connects();
    kept.keepFound(one.id, hosts, reason);
    kept.onConnected(one.id);
    expect(zero.pinned).toEqual([{ hosts, id: two.id }]);
    await settle();
  });

  test('is not tried again when the address is let go', async () => {
    await kept.replace([place(9)]);
    placing = () => 1;
    other.room = 0;
    kept.keepFound(two.id, place(9).hosts, reason);
    await settle();
    await kept.replace([]);
    other.room = 1;
    // Told before the shard that found it heard of that.
    kept.keepFound(two.id, place(9).hosts, reason);
    await runtime.advance(60_000);
    expect(other.keptAlone).toEqual([]);
  });
});

test('a peer whose shard died is kept where it lives now, also when it came back by itself', async () => {
  const peer = { id: two.id, home: { shard: zero }, closing: null, verified: 'id', knownHosts: two.hosts, keptFor: new Map([['connect', other]]) };
  known.push(peer);
  await kept.redistribute();
  expect(zero.keptAlone).toEqual([`${text(two)} connect`]);
  await kept.redistribute();
  expect(zero.keptAlone).toHaveLength(1);
});

test('nothing is tried any more when the node is closed', async () => {
  other.die();
  placing = () => null;
  await kept.replace([one]);
  kept.close();
  expect(runtime.pendingTimers).toBe(0);
});
