import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MessageSending } from '../../../src/stream/message-send-side.js';
import { MessageSendSide } from '../../../src/stream/message-send-side.js';
import { resetHere } from '../../../src/stream/stream-errors.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, portTo, sendingOf, stateOf, TestClock } from '../support/messages.js';

const UNORDERED = 1;
const TELL_FATE = 2;
const DELIVERED = 1;
const EXPIRED = 2;

let engine: FakeEngine;
let clock: TestClock;
let send: MessageSendSide;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  clock = new TestClock();
  send = sideOf({});
});

const sideOf = (changes: Partial<MessageSending>): MessageSendSide => new MessageSendSide(portTo(engine), sendingOf(clock, changes));
const sentTexts = (): string[] => engine.sentMessages.map(({ text }) => text);

/** Room for some messages, told as the engine tells it. */
function makeRoom(messages: number): void {
  engine.roomMessages = messages;
  send.onWritable();
}

describe('sends', () => {
  test('resolve when they are accepted, in the order of the calls, as room comes', async () => {
    engine.roomMessages = 1;
    const sends = ['a', 'b', 'c'].map((letter) => send.send(bytes(letter), undefined, undefined));
    const delivery = send.deliver(bytes('d'), undefined, undefined);
    expect(await Promise.all(sends.map(stateOf))).toEqual(['resolved', 'pending', 'pending']);
    makeRoom(1);
    expect(await Promise.all(sends.map(stateOf))).toEqual(['resolved', 'resolved', 'pending']);
    makeRoom(9);
    await Promise.all(sends);
    expect(sentTexts()).toEqual(['a', 'b', 'c', 'd']);
    expect(await stateOf(delivery)).toBe('pending');
  });

  test('do not overtake what waits, though there were room for them', async () => {
    engine.roomMessages = 0;
    const first = send.send(bytes('first'), undefined, undefined);
    engine.roomMessages = 9;
    const second = send.send(bytes('second'), undefined, undefined);
    expect(send.trySend(bytes('third'))).toBe(false);
    expect(sentTexts()).toEqual([]);
    send.onWritable();
    await Promise.all([first, second]);
    expect(sentTexts()).toEqual(['first', 'second']);
  });

  test('that are aborted while they wait leave the line and no listener behind, and have no effect', async () => {
    engine.roomMessages = 0;
    const controller = new AbortController();
    const first = send.send(bytes('first'), undefined, undefined);
    const aborted = [send.send(bytes('no'), undefined, controller.signal), send.deliver(bytes('nor this'), undefined, controller.signal)];
    const last = send.send(bytes('last'), undefined, undefined);
    const reason = new Error('never mind');
    controller.abort(reason);
    for (const promise of aborted) await expect(promise).rejects.toBe(reason);
    makeRoom(9);
    await Promise.all([first, last]);
    expect(sentTexts()).toEqual(['first', 'last']);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await expect(send.send(bytes('late'), undefined, controller.signal)).rejects.toBe(reason);
    await expect(send.deliver(bytes('late'), undefined, controller.signal)).rejects.toBe(reason);
    expect(sentTexts()).toEqual(['first', 'last']);
  });

  test('may be empty', async () => {
    await send.send(bytes(''), undefined, undefined);
    expect(sentTexts()).toEqual(['']);
  });
});

describe('a message that is too large', () => {
  const tooLarge = { code: 'ERR_OSIER_TOO_LARGE', details: { sizeBytes: 5, maxBytes: 4 } };

  test('is refused at the call, also while others wait', async () => {
    send = sideOf({ maxBytes: 4 });
    engine.roomMessages = 0;
    const waiting = send.send(bytes('four'), undefined, undefined);
    expect(() => send.trySend(bytes('fives'))).toThrow(expect.objectContaining(tooLarge));
    await expect(send.deliver(bytes('fives'), undefined, undefined)).rejects.toMatchObject(tooLarge);
    expect(() => send.send(bytes('fives'), undefined, undefined)).toThrow(expect.objectContaining(tooLarge));
    makeRoom(9);
    await waiting;
    expect(sentTexts()).toEqual(['four']);
  });

  test('for the engine is refused when its turn comes, and those behind it go on', async () => {
    engine.roomMessages = 0;
    const [first, second] = [send.send(bytes('fives'), undefined, undefined), send.send(bytes('ok'), undefined, undefined)];
    engine.maxMessageBytes = 4;
    makeRoom(9);
    await expect(first).rejects.toMatchObject({ code: 'ERR_OSIER_TOO_LARGE' });
    await second;
    expect(sentTexts()).toEqual(['ok']);
  });
});

describe('trySend', () => {
  test('takes a message or nothing, and ready tells when to try again', async () => {
    engine.roomMessages = 1;
    expect(send.trySend(bytes('a'))).toBe(true);
    await send.ready(undefined);
    expect(send.trySend(bytes('b'))).toBe(false);
    const ready = send.ready(undefined);
    expect(await stateOf(ready)).toBe('pending');
    makeRoom(1);
    await ready;
    expect(send.trySend(bytes('b'))).toBe(true);
    expect(sentTexts()).toEqual(['a', 'b']);
  });

  test('throws after the end', () => {
    void send.end(undefined);
    expect(() => send.trySend(bytes('a'))).toThrow(expect.objectContaining({ code: 'ERR_OSIER_STREAM_ENDED' }));
  });
});

describe('what the engine is told', () => {
  test('is the order, and whether the fate matters', async () => {
    await send.send(bytes('a'), undefined, undefined);
    void send.deliver(bytes('b'), undefined, undefined);
    send = sideOf({ ordered: false });
    send.trySend(bytes('c'));
    void send.deliver(bytes('d'), undefined, undefined);
    expect(engine.sentMessages.map(({ options }) => options)).toEqual([0, TELL_FATE, UNORDERED, UNORDERED | TELL_FATE]);
  });

  test("is the message's own lifetime, or the stream's", async () => {
    await send.send(bytes('none'), undefined, undefined);
    await send.send(bytes('own'), 1.5, undefined);
    await send.send(bytes('over at once'), 0, undefined);
    send = sideOf({ lifetimeMs: 20 });
    send.trySend(bytes("the stream's"));
    await send.send(bytes("the stream's"), undefined, undefined);
    void send.deliver(bytes('own'), 30, undefined);
    expect(engine.sentMessages.map(({ lifetimeMicros }) => lifetimeMicros)).toEqual([0, 1_500, 1, 20_000, 20_000, 30_000]);
  });

  test('is what is left of a lifetime, after a wait for room', async () => {
    engine.roomMessages = 0;
    const sends = [send.send(bytes('a'), 50, undefined), send.send(bytes('b'), 10, undefined), send.send(bytes('c'), undefined, undefined)];
    clock.ms += 30;
    makeRoom(9);
    await Promise.all(sends);
    expect(engine.sentMessages.map(({ lifetimeMicros }) => lifetimeMicros)).toEqual([20_000, 1, 0]);
  });
});

describe('deliver', () => {
  const tokenOf = (index: number): number => engine.sentMessages[index]?.token ?? Number.NaN;

  test('resolves with the fate of its own message', async () => {
    const [first, second] = [send.deliver(bytes('a'), undefined, undefined), send.deliver(bytes('b'), 9, undefined)];
    expect(tokenOf(0)).not.toBe(tokenOf(1));
    send.onSettled(tokenOf(1), EXPIRED);
    expect(await second).toEqual({ status: 'expired' });
    expect(await stateOf(first)).toBe('pending');
    send.onSettled(tokenOf(0), DELIVERED);
    expect(await first).toEqual({ status: 'delivered' });
  });

  test('is not touched by an abort once the message is accepted', async () => {
    engine.roomMessages = 0;
    const controller = new AbortController();
    const delivery = send.deliver(bytes('a'), undefined, controller.signal);
    makeRoom(1);
    controller.abort(new Error('too late'));
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(await stateOf(delivery)).toBe('pending');
    send.onSettled(tokenOf(0), DELIVERED);
    expect(await delivery).toEqual({ status: 'delivered' });
    expect(engine.calls).toEqual([]);
  });

  test("resolves with 'unknown' for what was accepted when sending fails, and rejects for what was not", async () => {
    engine.roomMessages = 1;
    const [accepted, waiting] = [send.deliver(bytes('a'), undefined, undefined), send.deliver(bytes('b'), undefined, undefined)];
    const error = resetHere(4);
    send.fail(error);
    expect(await accepted).toEqual({ status: 'unknown', error });
    await expect(waiting).rejects.toBe(error);
    await expect(send.deliver(bytes('c'), undefined, undefined)).rejects.toBe(error);
    send.onSettled(tokenOf(0), DELIVERED);
    expect(await accepted).toEqual({ status: 'unknown', error });
  });

  test('rejects after the end, which leaves the fates of the others to be told', async () => {
    const before = send.deliver(bytes('a'), undefined, undefined);
    void send.end(undefined);
    await expect(send.deliver(bytes('b'), undefined, undefined)).rejects.toMatchObject({ code: 'ERR_OSIER_STREAM_ENDED' });
    send.onFinished();
    send.onSettled(tokenOf(0), DELIVERED);
    expect(await before).toEqual({ status: 'delivered' });
  });
});

describe('flush', () => {
  test('waits for the fate of every message that was accepted before it', async () => {
    engine.messageCounts = [2n, 1n, 0n, 0n, 0n];
    const flushed = send.flush(undefined);
    expect(engine.calls).toEqual(['watch']);
    expect(await stateOf(flushed)).toBe('pending');
    send.onFlushed();
    await flushed;
  });

  test('is done at once when every fate is known, lost ones too', async () => {
    engine.messageCounts = [3n, 1n, 1n, 1n, 0n];
    await send.flush(undefined);
    expect(engine.calls).toEqual([]);
  });
});

describe('the end', () => {
  test('comes after every message that waits for room', async () => {
    engine.roomMessages = 0;
    const controller = new AbortController();
    const first = send.send(bytes('a'), undefined, undefined);
    const aborted = send.send(bytes('b'), undefined, controller.signal);
    const end = send.end(undefined);
    makeRoom(1);
    await first;
    expect(engine.calls).toEqual([]);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(engine.calls).toEqual(['finish']);
    expect(await stateOf(end)).toBe('pending');
    send.onFinished();
    await end;
  });
});
