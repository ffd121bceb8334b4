import { afterEach, describe, expect, it } from 'vitest';
import { createDetachedEngine, type DetachedEngine, TRAIN_HEAD_BYTES, TRAIN_ROOM_BYTES } from '../../../src/engine/detached-engine.js';
import { type EngineConfig, PATH_RECORD_BYTES, type PathRecord, ROUTE_RECORD_BYTES, type SessionConfig } from '../../../src/engine/engine.js';
import { EventKind, NO_HANDLE, RECORD_WORDS, Word } from '../../../src/engine/events.js';
import { ENGINE_CONFIG } from '../support/engine-config.js';

const CREDIT = { peerMaxData: 48 << 10, peerMaxStreamData: 48 << 10, peerMaxStreams: 8 };
const TEXT = new TextEncoder();
const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

/** One engine, and the records that it told. */
interface Machine {
  readonly engine: DetachedEngine;
  readonly host: string;
  readonly records: { readonly kind: number; readonly stream: number; readonly a: number; readonly b: number; readonly bytes: Uint8Array }[];
}

const machines: Machine[] = [];
afterEach(() => {
  for (const { engine } of machines.splice(0)) engine.close();
});

function routeId(number: number): Uint8Array {
  return new Uint8Array(8).fill(number + 1);
}

function makeMachine(extra: Partial<EngineConfig> = {}): Machine {
  const number = machines.length;
  const records: Machine['records'] = [];
  const onBatch = (count: number): void => {
    for (let at = 0; at < count * RECORD_WORDS; at += RECORD_WORDS) {
      const word = (position: number): number => engine.events[at + position] ?? 0;
      const bytes = engine.bytes.slice(word(Word.bytesOffset), word(Word.bytesOffset) + word(Word.bytesLength));
      records.push({ kind: word(Word.kind), stream: word(Word.stream), a: word(Word.a), b: word(Word.b), bytes });
    }
  };
  const config = { ...ENGINE_CONFIG, routeId: routeId(number), ...extra };
  const engine = createDetachedEngine(config, onBatch, { wake: () => {}, seed: new Uint8Array(32).fill(number + 1), startMicros: 1_000_000 });
  const machine = { engine, host: HOSTS[number] ?? '', records };
  machines.push(machine);
  return machine;
}

/** An association between two machines over `paths`, as a handshake would make it. */
function associate(one: number, other: number, paths?: readonly [PathRecord, PathRecord]): readonly [number, number] {
  const [a, b] = [machines[one], machines[other]] as [Machine, Machine];
  const mac1Key = new Uint8Array(32).fill(9);
  const indices = [a.engine.reserveIndex(mac1Key), b.engine.reserveIndex(mac1Key)] as const;
  const handles = [
    a.engine.createAssociation({ parity: 0, ...CREDIT, peerRouteId: routeId(other) }),
    b.engine.createAssociation({ parity: 1, ...CREDIT, peerRouteId: routeId(one) }),
  ] as const;
  const session = (own: 0 | 1, path: PathRecord): SessionConfig => ({
    localIndex: indices[own],
    remoteIndex: indices[1 - own] ?? 0,
    cipher: 0,
    sendKey: new Uint8Array(32).fill(10 + own),
    receiveKey: new Uint8Array(32).fill(11 - own),
    sendHopKey: new Uint8Array(16).fill(20 + own),
    receiveHopKey: new Uint8Array(16).fill(21 - own),
    firstSend: 0n,
    firstReceive: 0n,
    path,
    begunHere: own === 0,
    confirmed: own === 0,
    preferred: true,
  });
  b.engine.installSession(handles[1], session(1, paths?.[1] ?? b.engine.pathRecord(0, a.host, 7400)));
  a.engine.installSession(handles[0], session(0, paths?.[0] ?? a.engine.pathRecord(0, b.host, 7400)));
  return handles;
}

function setRoute(machine: number, destination: number, next: number, mtuBytes: number): void {
  const record = new Uint8Array(ROUTE_RECORD_BYTES);
  record.set(routeId(destination));
  new DataView(record.buffer).setUint32(8, next, true);
  new DataView(record.buffer).setUint32(12, mtuBytes, true);
  machines[machine]?.engine.setRoutes(record);
}

/** Carries everything until nobody has more to send. */
function settle(): void {
  const room = new Uint8Array(TRAIN_ROOM_BYTES);
  for (let carried = true; carried; ) {
    carried = false;
    for (const from of machines) {
      for (let length = from.engine.transmit(room); length > 0; length = from.engine.transmit(room)) {
        carried = true;
        const { host } = from.engine.pathAddress(room.slice(0, PATH_RECORD_BYTES));
        const to = machines.find((machine) => machine.host === host);
        const segmentBytes = new DataView(room.buffer).getUint32(PATH_RECORD_BYTES, true);
        to?.engine.receive(to.engine.pathRecord(0, from.host, 7400), room.slice(TRAIN_HEAD_BYTES, TRAIN_HEAD_BYTES + length), segmentBytes, 0);
      }
      while (from.engine.deliver());
    }
  }
}

/** The first machine and the last, with a relay between them; returns the handles of their association. */
function relayedPair(): readonly [number, number] {
  makeMachine();
  makeMachine({ relay: { maxBytesPerSecond: 0, queueBytes: 1 << 20 } });
  makeMachine();
  const [first, relayToFirst] = associate(0, 1);
  const [relayToLast, last] = associate(1, 2);
  settle();
  setRoute(0, 2, first, 1_160);
  setRoute(1, 0, relayToFirst, 1_160);
  setRoute(1, 2, relayToLast, 1_160);
  setRoute(2, 0, last, 1_160);
  const [a, , c] = machines as [Machine, Machine, Machine];
  return associate(0, 2, [a.engine.relayedPath(routeId(2), null), c.engine.relayedPath(routeId(0), null)]);
}

describe('a relayed path', () => {
  it('carries a stream over a relay that has its routes', () => {
    const [handle, lastHandle] = relayedPair();
    const [first, relay, last] = machines as [Machine, Machine, Machine];
    const stream = first.engine.openStream(handle, 0, 3, TEXT.encode('p'), new Uint8Array());
    first.engine.write(handle, stream, TEXT.encode('hello'));
    settle();
    const opened = last.records.find(({ kind }) => kind === EventKind.streamOpened);
    const into = new Uint8Array(16);
    const length = last.engine.read(lastHandle, opened?.stream ?? 0, into);
    expect(new TextDecoder().decode(into.subarray(0, Math.max(0, length)))).toBe('hello');
    const stats = new BigUint64Array(19);
    relay.engine.stats(stats);
    expect(Number(stats[11])).toBeGreaterThan(0);
    expect(Number(stats[12])).toBeGreaterThan(Number(stats[11]) * 40);
    expect(stats.slice(13)).toEqual(new BigUint64Array(6));
  });

  it('that nobody routes any more is told, by this node itself', () => {
    const [handle] = relayedPair();
    settle();
    const [first] = machines as [Machine];
    setRoute(0, 2, NO_HANDLE, 0);
    // The hint of who brought the last packet is as good as a route; without the neighbour there is neither.
    machines[0]?.engine.dropAssociation(0);
    first.engine.ping(handle, 1);
    settle();
    const told = first.records.filter(({ kind }) => kind === EventKind.routeError);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ a: 0, bytes: new Uint8Array([...routeId(2), ...routeId(0)]) });
  });

  it('is traced: the relay answers for itself, and beyond it the far end, which says so', () => {
    const [handle] = relayedPair();
    settle();
    const [first] = machines as [Machine];
    const answers = (): readonly unknown[] =>
      first.records.filter(({ kind }) => kind === EventKind.traceAnswered).map(({ stream, b, bytes }) => [stream, b, bytes]);
    expect(first.engine.traceHop(handle, 1, 71)).toBe(true);
    settle();
    expect(answers()).toEqual([[71, 0, routeId(1)]]);
    expect(first.engine.traceHop(handle, 2, 72)).toBe(true);
    settle();
    expect(answers()[1]).toEqual([72, 1, routeId(2)]);
    expect(first.records.filter(({ kind }) => kind === EventKind.routeError)).toEqual([]);
    expect(first.engine.traceHop(handle, 0, 1)).toBe(false);
    expect(first.engine.traceHop(0, 1, 1), 'a direct path').toBe(false);
    expect(() => first.engine.traceHop(handle, 33, 1)).toThrow('ttl must be');
  });

  it.each([7, 9])('refuses a RouteId of %i bytes', (length) => {
    const { engine } = makeMachine();
    expect(() => engine.relayedPath(new Uint8Array(length), null)).toThrow(/far must be a Uint8Array of 8 bytes/);
    expect(() => engine.relayedPath(routeId(1), new Uint8Array(length))).toThrow(/waypoint must be a Uint8Array of 8 bytes/);
  });

  it('refuses half a record of a route', () => {
    const { engine } = makeMachine();
    expect(() => engine.setRoutes(new Uint8Array(ROUTE_RECORD_BYTES + 1))).toThrow(/records must be a whole number/);
  });
});
