/** What waits for a shard that dies or is stuck settles. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemRuntime } from '../../../src/engine/system-runtime.js';
import { type ByteStream, generateIdentity, type MeshNode, type Peer } from '../../../src/index.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { START_PATIENCE_MS } from '../../../src/shard/launching.js';
import { STUCK_AFTER_MS } from '../../../src/shard/shard-errors.js';
import { ShardedNode } from '../../../src/shard/sharded-node.js';
import { recovered, start } from './support.js';

const MODULE = new URL('./doomed.mjs', import.meta.url);
const SHARD_FAILED = { code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 0 } };

/** A node of one shard, a caller of it, and what ends the shard. */
interface Doomed {
  readonly server: MeshNode;
  readonly client: MeshNode;
  /** The server, for the client. */
  readonly peer: Peer;
  /** The client, for the server, and the states that it is told from now on. */
  readonly caller: Peer;
  readonly states: string[];
  /** A stream to the client that nobody ends. */
  readonly held: ByteStream;
  readonly word: Int32Array;
  /** Opens a stream from somebody else. */
  open(protocol: string): Promise<ByteStream>;
  /** Ends the shard's thread. */
  kill(): void;
}

async function doom(): Promise<Doomed> {
  const word = new Int32Array(new SharedArrayBuffer(8));
  const server = await start({ shards: 1, handlers: MODULE, shardData: word });
  const [client, other] = [await start(), await start()];
  client.handle('hold', async (stream) => void (await stream.closed));
  const seen = once(server, 'peer');
  const peer = await client.connect(server.address);
  const [caller] = (await seen) as [Peer];
  const killer = await other.connect(server.address);
  const exit = await killer.openStream('exit');
  // It is served: a close that comes first would refuse it.
  await exit.read(new Uint8Array(1));
  const states: string[] = [];
  caller.on('state', ({ status }) => states.push(status));
  const held = await caller.openStream('hold');
  return {
    ...{ server, client, peer, caller, states, held, word },
    open: (protocol) => killer.openStream(protocol),
    kill: () => void exit.write(Uint8Array.of(1)).catch(() => {}),
  };
}

/** From now on the shard hears nothing; the function that it resolves with ends it. */
async function block({ open, word }: Doomed): Promise<() => void> {
  await open('block');
  await vi.waitFor(() => expect(Atomics.load(word, 0)).toBe(1));
  return () => {
    Atomics.store(word, 0, 2);
    Atomics.notify(word, 0);
  };
}

/** The shard has heard of a close. */
async function closeCrossed({ peer }: Doomed): Promise<void> {
  await vi.waitFor(() => expect(peer.openStream('where')).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' }));
}

/** Begins a close, and has the shard die before or after it hears of that. */
async function dieWhileClosing<T>(doomed: Doomed, when: string, close: () => Promise<T>): Promise<T> {
  if (when === 'hears of it') {
    const closing = close();
    await closeCrossed(doomed);
    doomed.kill();
    return closing;
  }
  const die = await block(doomed);
  const closing = close();
  if (when === 'could hear of it') await doomed.client.clock.sleep(1);
  die();
  return closing;
}

describe.each(['is told of it', 'could hear of it', 'hears of it'])('when its shard dies as it %s', (when) => {
  test('the close of a peer cuts its streams, and the peer can connect again', async () => {
    const doomed = await doom();
    const { server, client, caller, held, peer, states } = doomed;
    const report = await dieWhileClosing(doomed, when, () => caller.close({ timeoutMs: 60_000 }));
    expect(report).toEqual({ status: 'cut', streams: 1, unacknowledgedBytes: 0n });
    expect(await held.closed).toMatchObject({ status: 'failed', error: SHARD_FAILED });
    expect([states, caller.path]).toEqual([['closed'], null]);
    // The client, too, finds the shard that came after it.
    expect(await recovered(peer)).toBe(0);
    const again = await server.connect(client.address);
    expect(again).not.toBe(caller);
    expect(server.peers.get(client.id)).toBe(again);
  });

  test('the close of the node cuts its streams and closes its peers', async () => {
    const doomed = await doom();
    const { server, caller, held, states } = doomed;
    const report = await dieWhileClosing(doomed, when, () => server.close({ timeoutMs: 60_000 }));
    expect(report).toEqual({ status: 'cut', streams: expect.any(Number), unacknowledgedBytes: 0n });
    // Beside the held one: those that are to end the shard.
    expect('streams' in report && report.streams).toBeGreaterThanOrEqual(2);
    expect(await held.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_NODE_CLOSED' } });
    expect([states, caller.path, server.peers.size]).toEqual([['closed'], null, 0]);
    expect(server.stats()).toMatchObject({ peersConnected: 0, streamsOpen: 0, memoryBytes: 0 });
  });
});

describe('when its shard dies', () => {
  test('soon after, or just as, it has closed a peer, the close has ended and the peer is closed once', async () => {
    for (let turns = 0; turns < 5; turns++) {
      const { caller, held, open, states, word } = await doom();
      word[1] = turns;
      const lingering = await open('linger');
      const closing = caller.close({ timeoutMs: 60_000 });
      held.reset();
      lingering.reset();
      expect((await closing).status).toMatch(/drained|cut/);
      await vi.waitFor(() => expect(states).toEqual(['closed']));
    }
  });

  test.each([
    ['it has not heard of', false],
    ['it is sending', true],
  ])('what a stream sends and %s fails, and so does its end', async (_what, isHeard) => {
    const doomed = await doom();
    const { held, client, kill } = doomed;
    const die = isHeard ? kill : await block(doomed);
    // More than anybody takes who does not read.
    const ending = [held.write(new Uint8Array(2 ** 26)), held.end(), held.flush()].map((call) => expect(call).rejects.toMatchObject(SHARD_FAILED));
    if (isHeard) await vi.waitFor(() => expect(client.stats().bytesReceived).toBeGreaterThan(60_000n));
    die();
    await Promise.all(ending);
    expect(await held.closed).toMatchObject({ status: 'failed', error: SHARD_FAILED });
    await expect(held.end()).rejects.toMatchObject(SHARD_FAILED);
  });

  test('calls that it did not hear fail, and a connection is made by the shard that comes after it', async () => {
    const doomed = await doom();
    const { server, caller, client } = doomed;
    const die = await block(doomed);
    const failing = [caller.ping(), caller.openStream('hold')].map((call) => expect(call).rejects.toMatchObject(SHARD_FAILED));
    const third = await start();
    const connecting = [server.connect(third.address), server.connect(client.address)];
    die();
    await Promise.all(failing);
    expect((await Promise.all(connecting)).map(({ id, state }) => [id, state.status])).toEqual([
      [third.id, 'connected'],
      [client.id, 'connected'],
    ]);
  });

  test('a connection that it was making is made by the shard that comes after it, unless the node closes', async () => {
    const { server, kill } = await doom();
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const called = once(socket, 'message');
    const { id } = await generateIdentity();
    const connecting = expect(server.connect(`osier://${id}@127.0.0.1:${socket.address().port}`, { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'ERR_OSIER_NODE_CLOSED',
    });
    await called;
    kill();
    await once(server, 'warning');
    await once(socket, 'message');
    await server.close({ timeoutMs: 0 });
    await connecting;
  });

  test('a connection that needs it is made when it is there again, and nobody has to try again', async () => {
    const { server, kill, client, caller } = await doom();
    kill();
    await once(server, 'warning');
    const impatient = expect(server.connect(client.address, { timeoutMs: 1 })).rejects.toMatchObject(SHARD_FAILED);
    const stopped = new AbortController();
    const given = expect(server.connect(client.address, { signal: stopped.signal })).rejects.toThrow('enough');
    stopped.abort(new Error('enough'));
    const stream = await caller.openStream('hold');
    await Promise.all([impatient, given]);
    expect([stream.peer, caller.state.status]).toEqual([caller, 'connected']);
  });
});

test('a stuck shard is ended when the close of its node has taken its time and the grace, and holds up no other close or connect for longer', async () => {
  const { server, client, caller, held, open, word, states } = await doom();
  await open('spin');
  await vi.waitFor(() => expect(Atomics.load(word, 0)).toBe(1));
  const startMs = performance.now();
  const third = await start();
  await Promise.all([
    expect(caller.close({ timeoutMs: 50 })).resolves.toEqual({ status: 'cut', streams: 1, unacknowledgedBytes: 0n }),
    expect(server.connect(third.address, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT', details: { timeoutMs: 50 } }),
  ]);
  expect(states).toEqual(['closed']);
  // Its streams do not wait for the shard either.
  expect(await held.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_CLOSED' } });
  const closedMs = performance.now();
  expect(closedMs - startMs).toBeGreaterThan(STUCK_AFTER_MS);
  const closing = server.close({ timeoutMs: 50 });
  // The held one, the one that spins, and the one that would have ended the shard.
  expect(await closing).toEqual({ status: 'cut', streams: 3, unacknowledgedBytes: 0n });
  expect(performance.now() - closedMs).toBeGreaterThan(STUCK_AFTER_MS);
  expect(server.peers.size).toBe(0);
  // Its port is free.
  const again = await start({ listen: `udp://127.0.0.1:${new URL(server.address.replace('osier:', 'http:')).port}` });
  expect((await client.connect(again.address)).state.status).toBe('connected');
});

test("a module whose register does not settle ends its node's start", async () => {
  // A minute is half a second here.
  const setTimer: typeof systemRuntime.setTimer = (delayMs, callback) =>
    systemRuntime.setTimer(delayMs === START_PATIENCE_MS ? 500 : delayMs, callback);
  const options = { identity: await generateIdentity(), network: { secret: new Uint8Array(32) }, listen: 'udp://127.0.0.1:0' };
  const shardData = new Int32Array(new SharedArrayBuffer(8)).fill(9);
  const starting = ShardedNode.start(parseNodeOptions({ ...options, shards: 2, handlers: MODULE, shardData }), { ...systemRuntime, setTimer });
  await expect(starting).rejects.toMatchObject({ ...SHARD_FAILED, message: expect.stringContaining("within 60 s: 'register' of its module") });
});
