/** Connecting while shards come and go, without shards. */
import { beforeEach, expect, test } from 'vitest';
import { nodeClosed } from '../../../src/peer/index.js';
import { PatientConnecting } from '../../../src/shard/patient-connecting.js';
import type { RemotePeer } from '../../../src/shard/remote-peer.js';
import type { ConnectRequest, ShardDirectory } from '../../../src/shard/shard-directory.js';
import { STUCK_AFTER_MS, shardDied, shardDown } from '../../../src/shard/shard-errors.js';
import { ManualRuntime } from '../support/manual-runtime.js';

const ADDRESS = { id: null, hosts: [{ host: '127.0.0.1', port: 1 }] };
const PEER = {} as RemotePeer;

let runtime: ManualRuntime;
let connecting: PatientConnecting;
let asked: (number | undefined)[];
/** What a shard does with the next requests. */
let answers: ((request: ConnectRequest) => Promise<RemotePeer>)[];

const isDown = () => Promise.reject(shardDown(0));
const dies = async () => {
  connecting.onChange();
  throw shardDied(0, null);
};
const isStuck = ({ signal }: ConnectRequest) =>
  new Promise<never>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));

const connect = (options: { timeoutMs?: number; signal?: AbortSignal } = {}) => connecting.connect(ADDRESS, { byId: false, keep: null, ...options });

beforeEach(() => {
  runtime = new ManualRuntime();
  asked = [];
  answers = [];
  const directory = {
    connect: (_address: unknown, request: ConnectRequest) => {
      asked.push(request.timeoutMs);
      return answers.shift()?.(request) ?? Promise.resolve(PEER);
    },
  } as unknown as ShardDirectory;
  connecting = new PatientConnecting(runtime, directory);
});

test('waits for a shard that is not there, with the patience that is left', async () => {
  answers = [isDown, isDown];
  const connected = connect({ timeoutMs: 5_000 });
  await runtime.advance(1_000.5);
  connecting.onChange();
  await runtime.advance(1_000);
  connecting.onChange();
  expect(await connected).toBe(PEER);
  expect(asked).toEqual([5_000, 4_000, 3_000]);
  expect(runtime.pendingTimers).toBe(0);
});

test('asks again at once when a shard died meanwhile, and waits for the next change after that', async () => {
  answers = [dies, isDown];
  const connected = connect();
  await runtime.advance(0);
  expect(asked).toEqual([15_000, 15_000]);
  connecting.onChange();
  expect(await connected).toBe(PEER);
});

test('fails with what keeps it waiting when the patience is over, and never asks without a change', async () => {
  answers = Array.from({ length: 100 }, () => isDown);
  const failed = expect(connect({ timeoutMs: 100 })).rejects.toEqual(shardDown(0));
  const waiting = connect({ timeoutMs: 0 });
  await runtime.advance(100);
  await failed;
  await runtime.advance(1e9);
  expect(asked).toEqual([100, 0]);
  answers = [];
  connecting.onChange();
  expect(await waiting).toBe(PEER);
});

test('gives up a stuck shard after the grace, with a time-out', async () => {
  answers = [isStuck];
  const failed = expect(connect({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT', details: { timeoutMs: 100 } });
  await runtime.advance(100 + STUCK_AFTER_MS - 1);
  expect(runtime.pendingTimers).toBe(1);
  await runtime.advance(1);
  await failed;
});

test('ends with the reason of its caller, or with the node', async () => {
  answers = [isDown, isDown];
  const controller = new AbortController();
  const aborted = expect(connect({ signal: controller.signal })).rejects.toBe('enough');
  const closed = expect(connect()).rejects.toEqual(nodeClosed(null));
  await runtime.advance(0);
  controller.abort('enough');
  await aborted;
  connecting.close(nodeClosed(null));
  await closed;
  await expect(connect()).rejects.toEqual(nodeClosed(null));
  expect(asked).toHaveLength(2);
  expect(runtime.pendingTimers).toBe(0);
});

test('fails at once for any other reason', async () => {
  answers = [() => Promise.reject(new RangeError('no such thing'))];
  await expect(connect()).rejects.toThrow('no such thing');
  expect(asked).toHaveLength(1);
});
