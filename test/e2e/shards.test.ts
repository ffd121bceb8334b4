import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { createDgramEngine } from '../../src/engine/dgram-engine.js';
import { ENGINE_COUNTERS, type Engine, PATH_RECORD_BYTES } from '../../src/engine/engine.js';
import { EventKind } from '../../src/engine/events.js';
import { CONFIG, CREDIT, type End, key, Recorder, session, TEXT } from './support/engines.js';

const HOST = '127.0.0.1';
/** First byte of a handshake packet. */
const HANDSHAKE_TYPE = 1;
/** First byte of a data packet. */
const DATA_TYPE = 4;
const PAYLOAD = new Uint8Array(40_000).map((_, at) => at % 251);

/** The engines of a node with several shards, on one port and in one group. */
class Shards {
  readonly all: readonly Recorder[];
  readonly port: number;

  constructor(count: number, group: bigint) {
    this.all = Array.from({ length: count }, (_, shard) => new Recorder({ shard, shards: count }));
    let port = 0;
    for (const { engine } of this.all) {
      ({ port } = engine.bind(HOST, port, true));
      engine.joinShardGroup(group);
    }
    this.port = port;
  }

  /** Shard `shard` of the node as one end of an association. */
  end(shard: number): End & { readonly recorder: Recorder; readonly association: number } {
    const recorder = this.all[shard];
    if (recorder === undefined) throw new Error(`no shard ${shard}`);
    const { engine } = recorder;
    return {
      recorder,
      engine,
      port: this.port,
      index: engine.reserveIndex(key(9)),
      association: engine.createAssociation({ parity: 1, ...CREDIT }),
    };
  }
}

/** A peer of another node with an association with `shard`. */
function peerOf(shards: Shards, shard: number) {
  const recorder = new Recorder();
  const { engine } = recorder;
  const { port } = engine.bind(HOST, 0);
  const association = engine.createAssociation({ parity: 0, ...CREDIT });
  const own = { recorder, engine, port, index: engine.reserveIndex(key(9)), association };
  const other = shards.end(shard);
  engine.installSession(association, session(own, other, 1, 2, HOST));
  other.engine.installSession(other.association, session(other, own, 2, 1, HOST));
  return { own, other };
}

function strays(engine: Engine): { readonly forwarded: number; readonly received: number; readonly dropped: number } {
  const counters = new BigUint64Array(ENGINE_COUNTERS);
  engine.stats(counters);
  const [forwarded = 0, received = 0, dropped = 0] = [...counters.subarray(7)].map(Number);
  return { forwarded, received, dropped };
}

/** Sends the payload from the peer to the shard and reads it there. */
async function transfer({ own, other }: ReturnType<typeof peerOf>): Promise<void> {
  const stream = own.engine.openStream(own.association, 0, 3, TEXT.encode('p'), new Uint8Array());
  expect(own.engine.write(own.association, stream, PAYLOAD)).toBe(PAYLOAD.length);
  own.engine.finish(own.association, stream);
  const opened = await other.recorder.next(EventKind.streamOpened);
  const arrived = new Uint8Array(PAYLOAD.length);
  let count = 0;
  while (count < PAYLOAD.length) {
    const read = other.engine.read(other.association, opened.stream, arrived.subarray(count));
    if (read > 0) count += read;
    else await other.recorder.next(EventKind.streamReadable);
  }
  expect(arrived).toEqual(PAYLOAD);
}

let group = 0n;
afterEach(() => {
  group++;
});

describe('shards that share a port', () => {
  it('get what their indices name, and nothing is a stray', async () => {
    const shards = new Shards(3, group);
    shards.all[2]?.engine.steer(Uint8Array.of(0, 1, 2));
    for (const shard of [0, 1, 2]) await transfer(peerOf(shards, shard));
    for (const { engine } of shards.all) expect(strays(engine)).toEqual({ forwarded: 0, received: 0, dropped: 0 });
  });

  it('get what another one received: every packet that the kernel steers wrong crosses to its shard', async () => {
    const shards = new Shards(2, group);
    shards.all[0]?.engine.steer(Uint8Array.of(1, 0));
    const pairs = [peerOf(shards, 0), peerOf(shards, 1)];
    for (const pair of pairs) await transfer(pair);
    const [first, second] = shards.all.map(({ engine }) => strays(engine));
    expect(first?.forwarded).toBeGreaterThan(30);
    expect(first).toEqual({ forwarded: second?.received, received: second?.forwarded, dropped: 0 });
  });

  it('tell a first message that another one hands over', async () => {
    const shards = new Shards(2, group);
    const [zero, one] = shards.all as [Recorder, Recorder];
    for (const { engine } of shards.all) engine.setAdmissionKeys(new Uint8Array(128));
    const message = new Uint8Array(PATH_RECORD_BYTES + 200).fill(7);
    message.set(zero.engine.pathTo(HOST, 9));
    message[PATH_RECORD_BYTES] = HANDSHAKE_TYPE;
    expect(zero.engine.handOver(1, 1, message, true)).toBe(true);
    const told = await one.next(EventKind.handshake);
    expect(told).toMatchObject({ stream: 1, a: 1 });
    expect(told.bytes).toEqual(message);
    expect(zero.engine.handOver(2, 1, message, true)).toBe(false);
    one.engine.close();
    expect(zero.engine.handOver(1, 1, message, true)).toBe(false);
  });
});

describe('what shards cannot be', () => {
  const refusedWith = (code: string, syscall: string) => expect.objectContaining({ code, syscall }) as Error;

  it('a shard that is none of them, or one of too many', () => {
    for (const config of [{ shard: 1 }, { shard: 2, shards: 2 }, { shards: 257 }, { shard: -1, shards: 2 }, { shards: 1.5 }]) {
      expect(() => new Recorder(config)).toThrow(/^shards? must be/);
    }
    expect(() => new Recorder({ shard: 255, shards: 256 })).not.toThrow();
    expect(() => new Recorder({ shard: 0, shards: 0 })).not.toThrow();
  });

  it('steered without a shared port, or in an order of nobody', () => {
    const { engine } = new Recorder({ shards: 2 });
    const { port } = engine.bind(HOST, 0);
    expect(() => engine.steer(Uint8Array.of(0))).toThrow(refusedWith('EINVAL', 'setsockopt'));
    expect(engine.info().reasons.join()).toContain('reuseport-steering');
    const other = new Recorder({ shards: 2 }).engine;
    expect(() => other.bind(HOST, port, true)).toThrow(refusedWith('EADDRINUSE', 'bind'));
    other.bind(HOST, 0, true);
    expect(() => other.steer(new Uint8Array())).toThrow(refusedWith('EINVAL', 'setsockopt'));
    expect(other.info().features).not.toContain('reuseport-steering');
    other.steer(Uint8Array.of(0));
    expect(other.info().features).toContain('reuseport-steering');
  });

  it('in a group without a number, or of a closed engine', () => {
    const { engine } = new Recorder({ shards: 2 });
    for (const wrong of [1, -1n, 2n ** 64n, undefined]) expect(() => engine.joinShardGroup(wrong as bigint)).toThrow('group must be');
    engine.joinShardGroup(2n ** 64n - 1n);
    engine.close();
    expect(() => engine.joinShardGroup(group)).toThrow('closed');
    expect(() => engine.steer(Uint8Array.of(0))).toThrow('closed');
    expect(engine.handOver(0, 0, new Uint8Array(PATH_RECORD_BYTES + 1).with(2, 4), false)).toBe(false);
  });

  it('handed what is no path and datagram', () => {
    const { engine } = new Recorder({ shards: 2 });
    engine.bind(HOST, 0);
    const path = engine.pathTo(HOST, 9);
    for (const wrong of [path, path.subarray(1), new Uint8Array(PATH_RECORD_BYTES + 100), new Uint8Array(PATH_RECORD_BYTES + 1_473)]) {
      expect(() => engine.handOver(0, 0, wrong, false)).toThrow(TypeError);
    }
  });

  it('over node:dgram', () => {
    const engine = createDgramEngine(CONFIG, () => {}, 'a test');
    expect(() => engine.bind(HOST, 0, true)).toThrow(refusedWith('EOPNOTSUPP', 'bind'));
    expect(() => engine.joinShardGroup(group)).toThrow(refusedWith('EOPNOTSUPP', 'joinShardGroup'));
    expect(() => engine.steer(Uint8Array.of(0))).toThrow(refusedWith('EOPNOTSUPP', 'setsockopt'));
    expect(engine.handOver(0, 0, new Uint8Array(100), false)).toBe(false);
    engine.close();
  });
});

describe('what waits for a shard that does not come to it', () => {
  /** A shard whose loop does not turn in the meantime, since all of this is one tick. */
  function messagesTaken(pushes: number, bytes: number): { readonly taken: number; readonly one: Recorder } {
    const [zero, one] = new Shards(2, group).all as [Recorder, Recorder];
    one.engine.setAdmissionKeys(new Uint8Array(64));
    const message = new Uint8Array(PATH_RECORD_BYTES + bytes);
    message.set(zero.engine.pathTo(HOST, 9));
    message[PATH_RECORD_BYTES] = HANDSHAKE_TYPE;
    let taken = 0;
    for (let push = 0; push < pushes; push++) taken += Number(zero.engine.handOver(1, 0, message, false));
    return { taken, one };
  }

  it('is 1,024 messages at most, and each of them is told', async () => {
    const { taken, one } = messagesTaken(3_000, 1_000);
    expect(taken).toBe(1_024);
    for (let told = 0; told < taken; told++) await one.next(EventKind.handshake);
    const counters = new BigUint64Array(ENGINE_COUNTERS);
    one.engine.stats(counters);
    expect(counters[4]).toBe(0n);
  });

  /** Sends `count` datagrams for a shard that does not turn its loop meanwhile. How many were left for it, each of which it then gets; all others are counted. */
  async function leftForDeaf(count: number, lengthOf: (number: number) => number): Promise<number> {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(new URL('./support/deaf-shard.mjs', import.meta.url), { workerData: { group, gate } });
    const exited = once(worker, 'exit');
    await once(worker, 'message');
    const { engine } = new Recorder({ shard: 0, shards: 2 });
    const { port } = engine.bind(HOST, 0, true);
    engine.joinShardGroup(group);
    const sender = new Recorder().engine;
    sender.bind(HOST, 0);
    const path = sender.pathTo(HOST, port);
    for (let sent = 0; sent < count; ) {
      for (const end = sent + 100; sent < end; sent++) {
        sender.sendDatagram(path, new Uint8Array(lengthOf(sent)).fill(DATA_TYPE, 0, 1).fill(1, 7, 8));
      }
      sender.flush();
      while (strays(engine).forwarded + strays(engine).dropped < sent) await setImmediate();
    }
    const { forwarded, dropped } = strays(engine);
    expect(dropped).toBe(count - forwarded);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await once(worker, 'message')).toEqual([forwarded]);
    await exited;
    return forwarded;
  }

  it('is 1 MiB of datagrams at most, and all others are counted', async () => {
    const left = await leftForDeaf(2_000, () => 1_200);
    const room = Math.floor(2 ** 20 / 1_200);
    expect(left).toBeLessThanOrEqual(room);
    // A run that does not fit goes whole; it is no longer than a train.
    expect(left).toBeGreaterThan(room - 65_536 / 1_200);
  });

  it('is 4,096 runs of datagrams at most, however short', async () => {
    // Of datagrams that grow each is a run of its own; where they are short again one joins the run before.
    const left = await leftForDeaf(5_000, (number) => 50 + (number % 100));
    expect(left).toBeGreaterThanOrEqual(4_096);
    expect(left).toBeLessThan(4_200);
  });
});
