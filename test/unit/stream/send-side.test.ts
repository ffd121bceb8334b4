import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { Flusher } from '../../../src/engine/flusher.js';
import { EngineStreamPort } from '../../../src/stream/engine-stream-port.js';
import { SendSide } from '../../../src/stream/send-side.js';
import { resetHere } from '../../../src/stream/stream-errors.js';
import { FakeEngine } from '../support/fake-engine.js';

let engine: FakeEngine;
let send: SendSide;
let truncations: number;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  const flusher = new Flusher(
    () => engine.flush(),
    () => false,
    (callback) => queueMicrotask(() => process.nextTick(callback)),
  );
  truncations = 0;
  send = new SendSide(new EngineStreamPort(engine, flusher, 1, 1), () => {
    truncations++;
  });
});

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const accepted = (): string => Buffer.concat(engine.sent).toString();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether a promise has settled, and how. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => {
      state = 'resolved';
    },
    () => {
      state = 'rejected';
    },
  );
  await nextTurn();
  return state;
}

describe('writes', () => {
  test('that follow one another in a tick are sent by one flush', async () => {
    for (let count = 0; count < 20; count++) await send.write(bytes('x'), undefined);
    await nextTurn();
    expect(engine.flushes).toBe(1);
  });

  test('are accepted in the order of the calls, in parts as room comes', async () => {
    engine.roomBytes = 3;
    const first = send.write(bytes('abcde'), undefined);
    const second = send.write(bytes('fg'), undefined);
    expect(await stateOf(first)).toBe('pending');
    engine.roomBytes = 3;
    send.onWritable();
    expect(await stateOf(first)).toBe('resolved');
    expect(await stateOf(second)).toBe('pending');
    engine.roomBytes = 9;
    send.onWritable();
    await second;
    expect(accepted()).toBe('abcdefg');
  });

  test('that are aborted leave the line, and no listener behind', async () => {
    engine.roomBytes = 1;
    const controller = new AbortController();
    const first = send.write(bytes('ab'), undefined);
    const second = send.write(bytes('cd'), controller.signal);
    const third = send.write(bytes('ef'), undefined);
    const reason = new Error('never mind');
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    engine.roomBytes = 9;
    send.onWritable();
    await Promise.all([first, third]);
    expect(accepted()).toBe('abef');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('that need no wait leave no listener behind', async () => {
    const { signal } = new AbortController();
    await send.write(bytes('a'), signal);
    engine.unacknowledgedBytes = 0;
    await send.flush(signal);
    await send.ready(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('tryWrite', () => {
  test('keeps the part that has no room, and takes nothing more before that is gone', async () => {
    engine.roomBytes = 2;
    const handedIn = bytes('abcd');
    expect(send.tryWrite(handedIn)).toBe(true);
    handedIn.fill(0);
    expect(send.keptBytes).toBe(2);
    expect(send.tryWrite(bytes('e'))).toBe(false);
    const ready = send.ready(undefined);
    expect(await stateOf(ready)).toBe('pending');
    engine.roomBytes = 9;
    send.onWritable();
    await ready;
    expect(send.tryWrite(bytes('e'))).toBe(true);
    expect(accepted()).toBe('abcde');
  });

  test('takes nothing when there is no room at all', () => {
    engine.roomBytes = 0;
    expect(send.tryWrite(bytes('a'))).toBe(false);
    expect(send.keptBytes).toBe(0);
  });
});

describe('flush', () => {
  test('is not satisfied by an acknowledgement of what came before what it waits for', async () => {
    await send.write(bytes('a'), undefined);
    const first = send.flush(undefined);
    await send.write(bytes('b'), undefined);
    const second = send.flush(undefined);
    send.onFlushed();
    await first;
    expect(await stateOf(second)).toBe('pending');
    send.onFlushed();
    await second;
    expect(engine.calls).toEqual(['watch', 'watch']);
  });

  test('that was aborted does not pass its answer to the next', async () => {
    const controller = new AbortController();
    await send.write(bytes('a'), undefined);
    const first = send.flush(controller.signal);
    controller.abort(new Error('stop'));
    await expect(first).rejects.toThrow('stop');
    await send.write(bytes('b'), undefined);
    const second = send.flush(undefined);
    send.onFlushed();
    expect(await stateOf(second)).toBe('pending');
    send.onFlushed();
    await second;
  });

  test('waits for what tryWrite keeps, too', async () => {
    engine.roomBytes = 1;
    send.tryWrite(bytes('abc'));
    const flushed = send.flush(undefined);
    expect(engine.calls).toEqual([]);
    engine.roomBytes = 9;
    send.onWritable();
    expect(engine.calls).toEqual(['watch']);
    send.onFlushed();
    await flushed;
  });

  test('of nothing is done at once', async () => {
    await send.flush(undefined);
    expect(engine.calls).toEqual([]);
  });
});

describe('the end', () => {
  test('comes after every write before it', async () => {
    engine.roomBytes = 1;
    const write = send.write(bytes('abc'), undefined);
    const end = send.end(undefined);
    expect(engine.calls).toEqual([]);
    await expect(send.write(bytes('late'), undefined)).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_ENDED' });
    engine.roomBytes = 9;
    send.onWritable();
    await write;
    expect(engine.calls).toEqual(['finish']);
    expect(await stateOf(end)).toBe('pending');
    send.onFinished();
    await end;
    await send.end(undefined);
  });

  test('is none when a write before it is aborted in its middle', async () => {
    const [middle, whole] = [new AbortController(), new AbortController()];
    engine.roomBytes = 1;
    const writes = [send.write(bytes('abc'), middle.signal), send.write(bytes('def'), whole.signal)];
    send.end(undefined).catch(() => {});
    whole.abort(new Error('not begun'));
    expect(truncations).toBe(0);
    middle.abort(new Error('begun'));
    await Promise.allSettled(writes);
    expect(truncations).toBe(1);
    expect(engine.calls).toEqual([]);
  });

  test('that fails takes everything that waits with it', async () => {
    engine.roomBytes = 0;
    const waiting = [send.write(bytes('a'), undefined), send.ready(undefined), send.flush(undefined), send.end(undefined)];
    const { signal } = new AbortController();
    const outcomes = Promise.allSettled([...waiting, send.flush(signal)]);
    send.fail(resetHere(4));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const codes = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'resolved'));
    expect(codes).toEqual([
      'ERR_OSIER_STREAM_RESET',
      'ERR_OSIER_STREAM_ENDED',
      'ERR_OSIER_STREAM_RESET',
      'ERR_OSIER_STREAM_RESET',
      'ERR_OSIER_STREAM_RESET',
    ]);
    await expect(send.flush(undefined)).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_RESET' });
  });
});
