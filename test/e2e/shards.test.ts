import { afterEach, describe, expect, it } from 'vitest';
import { ENGINE_COUNTERS, type Engine, PATH_RECORD_BYTES } from '../../src/engine/engine.js';
import { EventKind } from '../../src/engine/events.js';
import { CREDIT, type End, key, Recorder, session, TEXT } from './support/engines.js';

const HOST = '127.0.0.1';
/** First byte of a handshake packet. */
const HANDSHAKE_TYPE = 1;
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
