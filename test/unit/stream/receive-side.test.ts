import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { Flusher } from '../../../src/engine/flusher.js';
import { EngineStreamPort } from '../../../src/stream/engine-stream-port.js';
import { ReceiveSide } from '../../../src/stream/receive-side.js';
import { resetHere } from '../../../src/stream/stream-errors.js';
import { FakeEngine } from '../support/fake-engine.js';

let engine: FakeEngine;
let receive: ReceiveSide;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  const flusher = new Flusher(
    () => engine.flush(),
    () => true,
    () => {},
  );
  receive = new ReceiveSide(new EngineStreamPort(engine, flusher, 1, 1));
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (chunk: Uint8Array | null): string => (chunk === null ? 'end' : new TextDecoder().decode(chunk));
const arrive = (what: string, isEnd = false): void => receive.onReadable(engine.feed(bytes(what)), isEnd);

describe('reads', () => {
  test('are served in the order of the calls', async () => {
    const [first, second] = [new Uint8Array(2), new Uint8Array(8)];
    const counts = Promise.all([receive.read(first, undefined), receive.read(second, undefined)]);
    arrive('abcd');
    expect(await counts).toEqual([2, 2]);
    expect(text(first) + text(second.subarray(0, 2))).toBe('abcd');
  });

  test('get arrays of their own, as large as what is in them', async () => {
    arrive('hello');
    const [chunk] = (await receive.batch()) ?? [];
    expect(text(chunk ?? null)).toBe('hello');
    expect(chunk?.byteOffset).toBe(0);
    expect(chunk?.buffer.byteLength).toBe(5);
  });

  test('get all that is there in one batch, in chunks of at most 256 KiB', async () => {
    receive.onReadable(engine.feed(new Uint8Array(600_000)), false);
    expect((await receive.batch())?.map((chunk) => chunk.length)).toEqual([262_144, 262_144, 75_712]);
  });

  test('that are aborted take nothing, and leave no listener behind', async () => {
    const controller = new AbortController();
    const aborted = receive.read(new Uint8Array(4), controller.signal);
    controller.abort(new Error('stop'));
    await expect(aborted).rejects.toThrow('stop');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    arrive('abc');
    expect(text(await receive.chunk())).toBe('abc');
  });
});

describe('a report that was written before the last read', () => {
  test('is no end for a read that waits: it goes on waiting', async () => {
    const into = new Uint8Array(8);
    const reads = [receive.read(into, undefined), receive.read(into, undefined)];
    arrive('abc');
    expect(await reads[0]).toBe(3);
    receive.onReadable(3, false);
    arrive('de');
    expect(await reads[1]).toBe(2);
  });

  test('is no end for a read that comes later, no empty batch and no empty view', async () => {
    receive.onReadable(3, false);
    const count = receive.read(new Uint8Array(8), undefined);
    arrive('a');
    expect(await count).toBe(1);
    receive.onReadable(1, false);
    const batch = receive.batch();
    arrive('b');
    expect((await batch)?.map(text)).toEqual(['b']);
    receive.onReadable(1, false);
    const view = receive.view();
    arrive('c');
    expect(text(await view)).toBe('c');
  });

  test('tells the end when that is all that is left', async () => {
    const read = receive.batch();
    receive.onReadable(3, true);
    expect(await read).toBeNull();
    expect(receive.isOver).toBe(true);
  });
});

describe('the end', () => {
  test('follows the last bytes, for every read', async () => {
    const waiting = Promise.all([receive.chunk(), receive.chunk()]);
    arrive('last', true);
    expect((await waiting).map(text)).toEqual(['last', 'end']);
    expect(await receive.read(new Uint8Array(1), undefined)).toBe(0);
    expect(receive.isOver).toBe(true);
  });

  test('without bytes ends a read that waits', async () => {
    const waiting = receive.chunk();
    receive.onReadable(0, true);
    expect(await waiting).toBeNull();
  });

  test('is known as soon as the last byte was taken', async () => {
    arrive('ab', true);
    await receive.read(new Uint8Array(2), undefined);
    expect(receive.isOver).toBe(true);
    receive.stop(1);
    expect(engine.calls).toEqual([]);
  });

  test('by stop tells the peer once, and reads find the end', async () => {
    const waiting = receive.chunk();
    receive.stop(7);
    receive.stop(8);
    expect(await waiting).toBeNull();
    expect(engine.calls).toEqual(['stop 7']);
  });

  test('by a failure is told to every read', async () => {
    const waiting = receive.chunk();
    receive.fail(resetHere(3));
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
    await expect(receive.batch()).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
  });
});

describe('when the engine forgets the stream', () => {
  test('what has come whole can still be read, also behind a view', async () => {
    arrive('abc');
    expect(text(await receive.view())).toBe('abc');
    arrive('defgh', true);
    expect(receive.keepWhenComplete()).toBe(true);
    engine.consume(1, 1, 99);
    const into = new Uint8Array(2);
    expect(await receive.read(into, undefined)).toBe(2);
    expect(text(into)).toBe('de');
    expect(text(await receive.view())).toBe('fgh');
    expect(await receive.view()).toBeNull();
    expect(receive.isOver).toBe(true);
  });

  test('what has not come whole is not kept', () => {
    arrive('abc');
    expect(receive.keepWhenComplete()).toBe(false);
  });

  test('what is left of an old report is all that is kept', async () => {
    arrive('abc');
    await receive.chunk();
    arrive('de');
    receive.onReadable(5, true);
    expect(receive.keepWhenComplete()).toBe(true);
    expect(text(await receive.chunk())).toBe('de');
    expect(await receive.chunk()).toBeNull();
  });

  test('an end that an old report announced is reached when nothing is left', () => {
    arrive('abc');
    void receive.view();
    receive.onReadable(3, true);
    engine.consume(1, 1, 3);
    expect(receive.keepWhenComplete()).toBe(true);
    expect(receive.isOver).toBe(true);
  });

  test('what the engine does not give any more is not kept', () => {
    arrive('abc', true);
    engine.consume(1, 1, 99);
    engine.isForgetful = true;
    expect(receive.keepWhenComplete()).toBe(false);
  });
});

describe('views', () => {
  test('are given back when the next is asked for', async () => {
    arrive('abc');
    expect(text(await receive.view())).toBe('abc');
    arrive('de');
    expect(text(await receive.view())).toBe('de');
    expect(receive.consumedBytes).toBe(3);
    const last = receive.view();
    expect(receive.consumedBytes).toBe(5);
    arrive('', true);
    expect(await last).toBeNull();
  });

  test('that the application holds are not read a second time', async () => {
    arrive('abc');
    await receive.view();
    const next = receive.chunk();
    arrive('d');
    expect(text(await next)).toBe('d');
  });
});
