import { afterEach, describe, expect, it } from 'vitest';
import { createDetachedEngine, type DetachedEngine, TRAIN_ROOM_BYTES } from '../../../src/engine/detached-engine.js';
import { ENGINE_COUNTERS } from '../../../src/engine/engine.js';
import { EventKind } from '../../../src/engine/events.js';
import { carry, closeEnds, connectedPair, type End, START_MICROS } from '../support/detached-pair.js';
import { ENGINE_CONFIG } from '../support/engine-config.js';

const TEXT = new TextEncoder();

afterEach(closeEnds);

function sayHello(): { readonly trains: Uint8Array[]; readonly heard: string; readonly ends: readonly [End, End] } {
  const [first, second] = connectedPair();
  const stream = first.engine.openStream(first.association, 0, 3, TEXT.encode('p'), new Uint8Array());
  first.engine.write(first.association, stream, TEXT.encode('hello'));
  const trains = carry(first, second);
  const opened = second.streams[second.kinds.indexOf(EventKind.streamOpened)] ?? 0;
  const into = new Uint8Array(16);
  const length = second.engine.read(second.association, opened, into);
  return { trains, heard: new TextDecoder().decode(into.subarray(0, Math.max(0, length))), ends: [first, second] };
}

describe('a detached engine', () => {
  it('carries a stream in trains that somebody hands over', () => {
    expect(sayHello().heard).toBe('hello');
  });

  it('sends the same bytes for the same seeds and times', () => {
    expect(sayHello().trains).toEqual(sayHello().trains);
  });

  it('asks for a turn once, until it has had one', () => {
    const [first] = connectedPair();
    const before = first.wakes;
    expect(before).toBe(1);
    first.engine.ping(first.association, 1);
    first.engine.ping(first.association, 2);
    expect(first.wakes).toBe(before);
    first.engine.deliver();
    first.engine.ping(first.association, 3);
    expect(first.wakes).toBe(before + 1);
  });

  it('asks for a turn when time alone has led to something that is to be told', () => {
    const [first] = connectedPair();
    const stream = first.engine.openStream(first.association, 0, 3, TEXT.encode('p'), new Uint8Array());
    first.engine.write(first.association, stream, TEXT.encode('nobody hears this'));
    const room = new Uint8Array(TRAIN_ROOM_BYTES);
    while (first.engine.deliver());
    const { wakes } = first;
    for (let rounds = 0; rounds < 1_000 && first.wakes === wakes; rounds++) {
      while (first.engine.transmit(room) > 0);
      first.engine.setTime(first.engine.timeout());
      first.engine.handleTimeout();
    }
    while (first.engine.deliver());
    expect(first.kinds.at(-1)).toBe(EventKind.associationClosed);
  });

  it('lives by the time that is handed in, which never goes back', () => {
    const { ends } = sayHello();
    const [first] = ends;
    const due = first.engine.timeout();
    expect(due).toBeGreaterThan(START_MICROS);
    expect([first.engine.now(), first.engine.handleTimeout()]).toEqual([START_MICROS, START_MICROS]);
    first.engine.setTime(due);
    first.engine.setTime(START_MICROS);
    expect(first.engine.now()).toBe(due);
    expect(first.engine.handleTimeout()).toBe(due);
    expect(first.engine.transmit(new Uint8Array(TRAIN_ROOM_BYTES))).toBeGreaterThan(0);
  });

  it('reads an address and writes it again, zone included', () => {
    const [{ engine }] = connectedPair();
    for (const host of ['10.1.2.3', '2001:db8::7', 'fe80::1%3']) {
      expect(engine.pathAddress(engine.pathRecord(2, host, 7401))).toEqual({ socket: 2, host, port: 7401 });
    }
  });

  it('refuses what is not a train, a path, a time or a place to write to', () => {
    const [{ engine }] = connectedPair();
    const path = engine.pathRecord(0, '10.0.0.9', 1);
    expect(() => engine.receive(new Uint8Array(47), new Uint8Array(1), 1, 0)).toThrow('path must be a Uint8Array of 48 bytes');
    expect(() => engine.receive(path, 'x' as never, 1, 0)).toThrow('train must be a Uint8Array');
    expect(() => engine.receive(path, new Uint8Array(1), 1, 4)).toThrow('ecn must be');
    expect(() => engine.transmit(new Uint8Array(TRAIN_ROOM_BYTES - 1))).toThrow('out must be at least');
    expect(() => engine.setTime(Number.NaN)).toThrow('nowMicros must be');
    expect(() => engine.pathRecord(0, 'example.com', 1)).toThrow('host must be a numeric address');
  });

  it('rejects noise and stays as it was', () => {
    const [first, second] = connectedPair();
    for (const length of [0, 1, 16, 40, 1200, 65_507]) {
      first.engine.receive(first.engine.pathRecord(0, '10.0.0.9', 7400), new Uint8Array(length).fill(0xa5), 1200, 3);
    }
    expect(first.engine.deliver()).toBe(false);
    carry(second, first);
  });

  it('that is told to fail says so in its next turn, and is closed', () => {
    const [first] = connectedPair();
    first.engine.deliver();
    const { wakes } = first;
    first.engine.fail('the cable is gone');
    expect(first.wakes).toBe(wakes + 1);
    first.engine.deliver();
    expect(first.kinds.at(-1)).toBe(EventKind.engineFailed);
    expect(first.engine.transmit(new Uint8Array(TRAIN_ROOM_BYTES))).toBe(0);
  });

  it.each([
    ['fails', (engine: DetachedEngine) => engine.fail('the cable is gone')],
    ['is closed', (engine: DetachedEngine) => engine.close()],
  ])('that %s keeps its last counters', (_how, end) => {
    const { ends } = sayHello();
    const [first] = ends;
    const [before, after] = [new BigUint64Array(ENGINE_COUNTERS), new BigUint64Array(ENGINE_COUNTERS)];
    first.engine.stats(before);
    expect(before[0]).toBeGreaterThan(0n);
    end(first.engine);
    first.engine.stats(after);
    expect(after).toEqual(before);
  });

  it('can be closed twice, and does nothing afterwards', () => {
    const [first] = connectedPair();
    first.engine.close();
    first.engine.close();
    expect(first.engine.transmit(new Uint8Array(TRAIN_ROOM_BYTES))).toBe(0);
    expect(first.engine.timeout()).toBe(-1);
    expect(first.engine.deliver()).toBe(false);
  });
});

describe('a detached engine with a clock of its own', () => {
  it('reads it before every call, and never when nobody calls', () => {
    let nowMicros = 5_000;
    let readings = 0;
    const clock = (): number => {
      readings++;
      return nowMicros;
    };
    const engine = createDetachedEngine(ENGINE_CONFIG, () => {}, { wake: () => {}, seed: new Uint8Array(32), startMicros: 5_000, nowMicros: clock });
    expect(readings).toBe(0);
    for (const micros of [5_000, 7_500, 9_000]) {
      nowMicros = micros;
      expect([engine.handleTimeout(), engine.now()]).toEqual([micros, micros]);
    }
    expect(engine.events.length).toBeGreaterThan(0);
    engine.close();
  });
});
