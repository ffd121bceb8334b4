/** How shards are started, and started again, without threads. */
import { beforeEach, expect, test, vi } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { generateIdentity } from '../../../src/identity/index.js';
import type { OsierError } from '../../../src/index.js';
import { loadCredentials } from '../../../src/node/credentials.js';
import { Counter } from '../../../src/node/node-counters.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { nodeClosed } from '../../../src/peer/index.js';
import type { ShardBoot } from '../../../src/shard/boot.js';
import { START_PATIENCE_MS } from '../../../src/shard/launching.js';
import type { RemotePeers } from '../../../src/shard/remote-peers.js';
import { shardDied } from '../../../src/shard/shard-errors.js';
import type { ShardLink, ShardOwner } from '../../../src/shard/shard-link.js';
import { Shards } from '../../../src/shard/shards.js';
import { ManualRuntime } from '../support/manual-runtime.js';

/** Of calls that the tests look at. */
interface FakeArgs {
  readonly order?: readonly number[];
  readonly secrets?: readonly Uint8Array[] | null;
}

/** A shard that does what the test says. */
class FakeLink {
  readonly counters = new BigUint64Array(256);
  readonly streams = new Map();
  readonly pushed: string[] = [];
  readonly outbox = { push: ({ op }: { op: string }) => void this.pushed.push(op) };
  readonly boot: ShardBoot;
  readonly index: number;
  /** Network secrets, each by its first byte, that it was told of. */
  readonly secrets: number[][] = [];
  readonly owner: ShardOwner;
  isRunning = false;
  isTerminated = false;
  /** Its thread is blocked, or ending. */
  isSilent = false;
  killedFor: string | null = null;
  onBound = (): void => {};
  onStarted = (): void => {};
  onFailed = (_error: Error): void => {};
  readonly bound = new Promise<void>((resolve) => {
    this.onBound = () => {
      this.owner.onBound(this as unknown as ShardLink);
      resolve();
    };
  });
  readonly started = new Promise<unknown>((resolve, reject) => {
    this.onStarted = () => {
      this.isRunning = true;
      resolve({ sockets: [], info: { reasons: [] } });
    };
    this.onFailed = reject;
  });

  constructor(boot: ShardBoot, _runtime: unknown, owner: ShardOwner) {
    this.boot = boot;
    this.index = boot.index;
    this.owner = owner;
    links.push(this);
    onMade(this);
  }

  call(name: string, args: FakeArgs, signal?: AbortSignal): Promise<null> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      this.#answer(name, args).then(resolve, reject);
    });
  }

  async #answer(name: string, { order, secrets }: FakeArgs): Promise<null> {
    if (name === 'alive' && this.isSilent) return new Promise(() => {});
    if (secrets) this.secrets.push(secrets.map(([first = 0]) => first));
    if (name === 'reload') await this.onReload();
    if (name === 'steer' && order !== undefined) {
      if (refusal !== null) throw refusal;
      orders.push(order);
    }
    return null;
  }

  async terminate(): Promise<void> {
    this.isTerminated = true;
    this.isRunning = false;
    this.onFailed(nodeClosed(null));
  }

  onReload = async (): Promise<void> => {};

  kill(cause: Error): void {
    this.killedFor = cause.message;
    if (this.isRunning) this.die();
    else this.onFailed(cause);
  }

  /** Its thread ends. */
  die(): void {
    this.isRunning = false;
    this.owner.onDeath(this as unknown as ShardLink, shardDied(this.index, null));
  }
}

let links: FakeLink[];
let orders: (readonly number[])[];
let refusal: Error | null;
let warnings: OsierError[];
let onMade: (link: FakeLink) => void;
let runtime: ManualRuntime;

vi.mock('../../../src/shard/shard-link.js', () => ({
  get ShardLink() {
    return FakeLink;
  },
}));

const comesUp = (link: FakeLink): void => {
  link.onBound();
  link.onStarted();
};

async function started(count: number): Promise<Shards> {
  const options = parseNodeOptions({ identity: await generateIdentity(), network: { secret: new Uint8Array(32).fill(7) }, shards: count });
  const peers = { values: () => [] } as unknown as RemotePeers;
  const listener = {
    peers,
    closedBy: null,
    handled: [],
    onNews: () => {},
    onStarted: () => {},
    onDeath: () => {},
    warn: (error: OsierError) => void warnings.push(error),
  };
  const plan = { count, listen: [], reason: null };
  const shards = new Shards(options, runtime, await loadCredentials(options), plan, listener);
  await shards.start();
  return shards;
}

beforeEach(() => {
  [links, orders, refusal, warnings, onMade] = [[], [], null, [], comesUp];
  runtime = new ManualRuntime();
});

test('a refused steering is told and tried again, and starts no second shard', async () => {
  await started(3);
  refusal = new Error('EPERM');
  links[1]?.die();
  await runtime.advance(500);
  expect(links.map(({ index }) => index)).toEqual([0, 1, 2, 1]);
  expect(warnings.length).toBeGreaterThan(1);
  refusal = null;
  await runtime.advance(60_000);
  expect(links).toHaveLength(4);
  expect(orders).toEqual([
    [0, 1, 2],
    [0, 2, 1],
  ]);
});

test('a shard that did not start is ended before it is started again', async () => {
  await started(2);
  onMade = (link) => link.onBound();
  links[1]?.die();
  await runtime.advance(0);
  onMade = comesUp;
  links[2]?.onFailed(new Error('its module throws'));
  await runtime.advance(60_000);
  expect(links.map(({ index, isTerminated }) => [index, isTerminated])).toEqual([
    [0, false],
    [1, false],
    [1, true],
    [1, false],
  ]);
  expect(orders.at(-1)).toEqual([0, 1]);
});

const TOO_LATE = expect.objectContaining({
  code: 'ERR_OSIER_SHARD_FAILED',
  details: { shard: 1 },
  message: expect.stringMatching(/^Shard 1 did not start: it was not ready within 60 s: 'register' of its module has not settled/),
});

test('a shard whose module never settles ends the start of its node after a minute, and all shards with it', async () => {
  onMade = (link) => (link.index === 1 ? link.onBound() : comesUp(link));
  const failed = expect(started(3)).rejects.toEqual(TOO_LATE);
  await runtime.advance(START_PATIENCE_MS - 1);
  expect(links.map(({ index, isTerminated }) => [index, isTerminated])).toEqual([
    [0, false],
    [1, false],
  ]);
  await runtime.advance(1);
  await failed;
  expect(links.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  expect(runtime.pendingTimers).toBe(0);
});

test('a shard that is started again and never settles has failed after a minute, and is started again by the pace', async () => {
  await started(2);
  onMade = (link) => link.onBound();
  links[1]?.die();
  await runtime.advance(0);
  const startedAtMs = runtime.nowMs;
  await runtime.advance(START_PATIENCE_MS);
  expect(links.map(({ index, isTerminated }) => [index, isTerminated])).toEqual([
    [0, false],
    [1, false],
    [1, true],
  ]);
  expect(warnings.at(-1)).toEqual(TOO_LATE);
  onMade = comesUp;
  await runtime.advance(1_000);
  expect(links).toHaveLength(4);
  expect(orders.at(-1)).toEqual([0, 1]);
  // Later than that it is left alone.
  await runtime.advance(startedAtMs + 10 * START_PATIENCE_MS);
  expect(links.map(({ isTerminated }) => isTerminated)).toEqual([false, false, true, false]);
});

test('shards are in the order in which they bound, whenever they are ready, and bind one after another', async () => {
  await started(4);
  onMade = () => {};
  links[1]?.die();
  links[2]?.die();
  await runtime.advance(0);
  expect(links.slice(4).map(({ index }) => index)).toEqual([1]);
  links[4]?.onBound();
  await runtime.advance(0);
  expect(links.slice(4).map(({ index }) => index)).toEqual([1, 2]);
  links[5]?.onBound();
  await runtime.advance(0);
  // While they load: the kernel moves the last of the group, which is 2, into the place of the first.
  links[0]?.die();
  links[5]?.onStarted();
  links[4]?.onStarted();
  await runtime.advance(0);
  expect(orders.at(-1)).toEqual([2, 3, 1]);
});

test('a shard answers callers when the node has begun, one that is started again at once', async () => {
  const shards = await started(2);
  const begun = (): number[] => links.map(({ pushed }) => pushed.filter((op) => op === 'begin').length);
  expect(begun()).toEqual([0, 0]);
  shards.begin();
  expect(begun()).toEqual([1, 1]);
  links[1]?.die();
  await runtime.advance(0);
  expect(begun()).toEqual([1, 1, 1]);
});

/** The secrets that a shard was started with. */
const bootSecrets = (link: FakeLink | undefined): number[] | undefined => link?.boot.networkSecrets.map(([first = 0]) => first);
const secretOf = (first: number): Uint8Array => new Uint8Array(32).fill(first);

test('secrets that are reloaded while a shard starts reach that shard as well, and nobody waits for it', async () => {
  const shards = await started(2);
  onMade = (link) => link.onBound();
  links[1]?.die();
  await runtime.advance(0);
  const [zero, , starting] = links;
  if (starting !== undefined) starting.onReload = () => new Promise(() => {});
  await shards.reload({ network: { secret: [secretOf(9), secretOf(7)] } });
  expect(bootSecrets(starting)).toEqual([7]);
  expect([zero?.secrets, starting?.secrets]).toEqual([[[9, 7]], [[9, 7]]]);
});

test('a reload is done when a shard dies before it has answered, and the next one starts with what is new', async () => {
  const shards = await started(2);
  const dying = links[1];
  if (dying !== undefined) {
    dying.onReload = async () => {
      dying.die();
      throw shardDied(1, null);
    };
  }
  await shards.reload({ network: { secret: secretOf(9) } });
  await runtime.advance(0);
  expect(links.map(({ index }) => index)).toEqual([0, 1, 1]);
  expect(bootSecrets(links[2])).toEqual([9]);
});

test('a reload waits two seconds for a stuck shard, which has what is new when it wakes', async () => {
  const shards = await started(2);
  const [zero, stuck] = links;
  if (stuck !== undefined) stuck.onReload = () => new Promise(() => {});
  const reloaded = shards.reload({ network: { secret: secretOf(9) } });
  await runtime.advance(2_000);
  await reloaded;
  expect([zero?.secrets, stuck?.secrets]).toEqual([[[9]], [[9]]]);
});

test('a reload that a running shard refuses fails', async () => {
  const shards = await started(1);
  const [only] = links;
  if (only !== undefined) only.onReload = () => Promise.reject(new Error('no'));
  await expect(shards.reload({ network: { secret: secretOf(9) } })).rejects.toThrow('no');
});

test('the shard that looks for peers by address is started again with what was found there', async () => {
  const shards = await started(2);
  const id = 'a'.repeat(52) as NodeId;
  shards.directory.pins.pin([{ host: '10.0.0.1', port: 7_400 }], id);
  for (const link of [...links]) link.die();
  await runtime.advance(0);
  expect(links.map(({ boot: { index, pins } }) => [index, pins])).toEqual([
    [0, []],
    [1, []],
    [0, [['10.0.0.1:7400', id]]],
    [1, []],
  ]);
});

test("all that a node may hold is the engines' and what crosses between the threads, which its counters tell", async () => {
  const shards = await started(3);
  const parts = links.map(({ boot }) => boot.limits.memoryBytes + boot.crossingBytes);
  const ofThisThread = 2 ** 25;
  expect(parts.reduce((sum, bytes) => sum + bytes, ofThisThread)).toBe(2 ** 29);
  links[0]?.counters.set([5_000n], Counter.memoryBytes);
  shards.crossing.take(1_000);
  expect(shards.stats(0).memoryBytes).toBe(6_000);
  links[0]?.die();
  expect(shards.stats(0).memoryBytes).toBe(1_000);
});

test('the kernel steers anew when a shard does not start that had bound its sockets', async () => {
  await started(3);
  onMade = (link) => link.onBound();
  links[1]?.die();
  await runtime.advance(0);
  onMade = comesUp;
  links[2]?.die();
  await runtime.advance(0);
  expect(orders.at(-1)).toEqual([0, 1, 2]);
  links[3]?.onFailed(new Error('its module throws'));
  await runtime.advance(0);
  expect(orders.at(-1)).toEqual([0, 2]);
});

test('a shard that bound while another one was ending starts again, since nobody knows which came first', async () => {
  await started(3);
  onMade = (link) => link.onBound();
  const [, ending, first] = links;
  if (ending === undefined) throw new Error('nobody there');
  first?.die();
  ending.isSilent = true;
  await runtime.advance(0);
  // The sockets of 1 were closed by now, or not.
  onMade = comesUp;
  links[3]?.onStarted();
  await runtime.advance(0);
  ending.die();
  await runtime.advance(60_000);
  expect(links[3]?.killedFor).toContain('shard 1 ended');
  expect(links.map(({ index }) => index)).toEqual([0, 1, 2, 2, 1, 2]);
  expect(links.filter(({ killedFor }) => killedFor !== null)).toHaveLength(1);
  expect(orders.at(-1)).toEqual([0, 1, 2]);
});

test('a shard that has given a sign of life since another one bound ends without doubt', async () => {
  await started(3);
  links[2]?.die();
  await runtime.advance(0);
  links[1]?.die();
  await runtime.advance(60_000);
  expect(links.map(({ index, killedFor }) => [index, killedFor])).toEqual([0, 1, 2, 2, 1].map((index) => [index, null]));
  expect(orders.at(-1)).toEqual([0, 2, 1]);
});

test('a shard that bound while another one failed to start starts again as well', async () => {
  await started(3);
  onMade = (link) => link.onBound();
  links[1]?.die();
  await runtime.advance(0);
  const [, , , failing] = links;
  if (failing === undefined) throw new Error('nobody there');
  failing.isSilent = true;
  links[2]?.die();
  await runtime.advance(0);
  onMade = comesUp;
  failing.onFailed(new Error('its module throws'));
  await runtime.advance(60_000);
  expect(links.map(({ index, killedFor }) => [index, killedFor !== null])).toEqual([
    [0, false],
    [1, false],
    [2, false],
    [1, false],
    [2, true],
    [1, false],
    [2, false],
  ]);
  expect(orders.at(-1)).toEqual([0, 1, 2]);
});
