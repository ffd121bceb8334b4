import { beforeEach, expect, test } from 'vitest';
import { Flusher } from '../../../src/engine/flusher.js';
import { MessageStage, STAGED_MESSAGE_MAX_BYTES } from '../../../src/engine/message-stage.js';
import { EngineStreamPort } from '../../../src/stream/index.js';
import { MessageSendSide } from '../../../src/stream/message-send-side.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, sendingOf, stateOf, TestClock } from '../support/messages.js';

let engine: FakeEngine;
let flusher: Flusher;
let send: MessageSendSide;
let endTick: () => void;
/** What was to happen when the tick ends. */
let waiting: (() => void)[];
const sent = (): string[] => engine.sentMessages.map(({ text }) => text);
const sideOf = (stream: number): MessageSendSide => new MessageSendSide(new EngineStreamPort(engine, flusher, 1, stream), sendingOf(new TestClock()));

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  engine.sureBytes = 10_000;
  waiting = [];
  endTick = () => {
    for (const run of waiting.splice(0)) run();
  };
  flusher = new Flusher(
    () => engine.calls.push('flush'),
    () => false,
    (run) => waiting.push(run),
    new MessageStage(engine),
  );
  send = sideOf(1);
});

test('the first small message of a tick crosses at once, and those after it together before the tick is flushed', () => {
  for (const text of ['a', 'b', 'c', 'd']) expect(send.trySend(bytes(text))).toBe(true);
  expect(sent()).toEqual(['a']);
  endTick();
  expect(sent()).toEqual(['a', 'b', 'c', 'd']);
  expect(engine.batches).toBe(1);
  expect(engine.calls.at(-1)).toBe('flush');
  send.trySend(bytes('e'));
  expect(sent().at(-1)).toBe('e');
});

test('they keep their order among messages that cross by themselves, and before the end', async () => {
  const large = 'x'.repeat(STAGED_MESSAGE_MAX_BYTES + 1);
  const side = new MessageSendSide(new EngineStreamPort(engine, flusher, 1, 1), sendingOf(new TestClock(), { maxBytes: 10_000 }));
  for (const text of ['a', 'b', large, 'c', 'd']) side.trySend(bytes(text));
  await side.send(bytes('lasting'), 1_000, undefined);
  void side.deliver(bytes('told'), undefined, undefined);
  side.trySend(bytes('e'));
  side.trySend(bytes('f'));
  void side.end(undefined);
  expect(sent()).toEqual(['a', 'b', large, 'c', 'd', 'lasting', 'told', 'e', 'f']);
  expect(engine.calls.filter((call) => call.startsWith('finish'))).toHaveLength(1);
});

test('of a message that comes back its stream knows as of one that waits: order, counters, end and flush', async () => {
  expect(send.trySend(bytes('a'))).toBe(true);
  engine.roomMessages = 1;
  for (const text of ['b', 'c', 'd']) expect(send.trySend(bytes(text))).toBe(true);
  endTick();
  expect(sent()).toEqual(['a', 'b']);
  expect(send.trySend(bytes('e'))).toBe(false);
  expect([send.acceptedMessages, send.acceptedBytes, send.keptBytes]).toEqual([4, 4, 2]);
  const flushed = send.flush(undefined);
  const ended = send.end(undefined);
  expect(await stateOf(flushed)).toBe('pending');
  expect(engine.calls.some((call) => call.startsWith('finish'))).toBe(false);
  engine.roomMessages = 10;
  send.onWritable();
  expect(sent()).toEqual(['a', 'b', 'c', 'd']);
  expect([send.acceptedMessages, send.keptBytes]).toEqual([4, 0]);
  expect(engine.calls.some((call) => call.startsWith('finish'))).toBe(true);
  send.onFinished();
  await Promise.all([flushed, ended]);
});

test('a message that crosses by itself does not overtake those that come back', () => {
  for (const text of ['a', 'b']) send.trySend(bytes(text));
  engine.roomMessages = 0;
  const waits = send.send(bytes('lasting'), 1_000, undefined);
  engine.roomMessages = 10;
  send.onWritable();
  expect(sent()).toEqual(['a', 'b', 'lasting']);
  return waits;
});

test('an end does not overtake those that come back', () => {
  for (const text of ['a', 'b']) send.trySend(bytes(text));
  engine.roomMessages = 0;
  void send.end(undefined);
  expect(engine.calls.some((call) => call.startsWith('finish'))).toBe(false);
  engine.roomMessages = 10;
  send.onWritable();
  expect(sent()).toEqual(['a', 'b']);
  expect(engine.calls.some((call) => call.startsWith('finish'))).toBe(true);
});

test('one stream without room holds up no other', () => {
  const other = sideOf(2);
  const refused = engine.sendMessage.bind(engine);
  for (const side of [send, other]) side.trySend(bytes('first'));
  for (const [side, text] of [
    [send, 'a'],
    [other, 'b'],
    [send, 'c'],
    [other, 'd'],
  ] as const)
    side.trySend(bytes(text));
  engine.sendMessage = (association, stream, ...rest) => (stream === 1 ? 1 : refused(association, stream, ...rest));
  endTick();
  expect(sent()).toEqual(['first', 'first', 'b', 'd']);
  expect([send.keptBytes, other.keptBytes]).toEqual([2, 0]);
  engine.sendMessage = refused;
  send.onWritable();
  expect(sent().slice(-2)).toEqual(['a', 'c']);
});

test('no more is staged than the engine is sure to take, and than fits a crossing', () => {
  engine.sureBytes = 3 * 17;
  for (const text of 'abcdefgh') send.trySend(bytes(text));
  expect(sent()).toEqual(['a', 'b', 'c', 'd', 'e']);
  endTick();
  expect(sent().join('')).toBe('abcdefgh');
  engine.sureBytes = Number.MAX_SAFE_INTEGER;
  for (let count = 0; count < 5_000; count++) send.trySend(bytes('x'));
  endTick();
  expect(sent()).toHaveLength(5_008);
  for (let count = 0; count < 500; count++) send.trySend(new Uint8Array(900));
  endTick();
  expect(sent()).toHaveLength(5_508);
});

test('what is sent while a batch is delivered is handed over before the engine flushes', () => {
  for (const text of ['a', 'b']) send.trySend(bytes(text));
  flusher.onDelivered();
  expect(sent()).toEqual(['a', 'b']);
});

test('a reset tells of all that was accepted', () => {
  for (const text of ['a', 'b']) send.trySend(bytes(text));
  new EngineStreamPort(engine, flusher, 1, 2).reset(0, 0);
  endTick();
  expect(sent()).toEqual(['a', 'b']);
});

test('of a stream without room nothing is taken in a later run either', () => {
  const other = sideOf(2);
  const taken = engine.sendMessage.bind(engine);
  for (const side of [send, other]) side.trySend(bytes('first'));
  for (const [side, text] of [
    [send, 'long'],
    [other, 'b'],
    [send, 's'],
  ] as const)
    side.trySend(bytes(text));
  engine.sendMessage = (association, stream, message, ...rest) => (message.length > 1 ? 1 : taken(association, stream, message, ...rest));
  endTick();
  expect(sent()).toEqual(['first', 'first', 'b']);
  engine.sendMessage = taken;
  send.onWritable();
  endTick();
  expect(sent().slice(3)).toEqual(['long', 's']);
});

test('what comes back when the stage is full is not overtaken by what filled it', () => {
  engine.sureBytes = Number.MAX_SAFE_INTEGER;
  for (let count = 0; count < 1_025; count++) send.trySend(bytes('x'));
  engine.roomMessages = 0;
  expect(send.trySend(bytes('y'))).toBe(false);
  engine.roomMessages = 5_000;
  send.onWritable();
  expect(sent()).toEqual(Array(1_025).fill('x'));
});

test('a stream that fails keeps nothing', () => {
  for (const text of ['a', 'b']) send.trySend(bytes(text));
  engine.roomMessages = 0;
  endTick();
  expect(send.keptBytes).toBe(1);
  send.fail(new Error('over') as never);
  expect(send.keptBytes).toBe(0);
});
