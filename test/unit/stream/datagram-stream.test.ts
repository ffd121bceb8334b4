import { beforeEach, describe, expect, test } from 'vitest';
import type { Peer } from '../../../src/api/peers.js';
import { DatagramStreamEnd } from '../../../src/stream/datagram-stream.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, portTo, sendingOf, stateOf, TestClock, text } from '../support/messages.js';

let engine: FakeEngine;
let stream: DatagramStreamEnd;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  const sending = sendingOf(new TestClock(), { isOneShot: true });
  stream = new DatagramStreamEnd(portTo(engine), { protocol: 'x', peer: {} as Peer, priority: 3 }, sending);
});

const tokenOf = (index: number): number => engine.sentMessages[index]?.token ?? Number.NaN;

describe('deliver', () => {
  test('resolves with what became of the datagram', async () => {
    const [first, second] = [stream.deliver(bytes('a')), stream.deliver(bytes('b'))];
    stream.onSettled(tokenOf(0), 1);
    stream.onSettled(tokenOf(1), 2);
    expect(await first).toEqual({ status: 'acknowledged' });
    expect(await second).toEqual({ status: 'presumed-lost' });
  });

  test('is unknown when the stream ends first', async () => {
    const delivery = stream.deliver(bytes('a'));
    stream.reset(6);
    expect(await delivery).toMatchObject({ status: 'unknown', error: { details: { by: 'local', applicationCode: 6 } } });
  });

  test('waits for room, and rejects what was never accepted', async () => {
    engine.roomMessages = 0;
    const controller = new AbortController();
    const [aborted, waiting] = [stream.deliver(bytes('a'), { signal: controller.signal }), stream.deliver(bytes('b'))];
    controller.abort(new Error('no more'));
    await expect(aborted).rejects.toThrow('no more');
    expect(await stateOf(waiting)).toBe('pending');
    engine.roomMessages = 1;
    stream.onWritable();
    expect(engine.sentMessages.map((sent) => sent.text)).toEqual(['b']);
    await expect(stream.deliver('c' as unknown as Uint8Array)).rejects.toMatchObject({ details: { option: 'datagram' } });
    await expect(stream.deliver(new Uint8Array(1_001))).rejects.toMatchObject({ code: 'ERR_OSIER_TOO_LARGE' });
  });
});

test('trySend takes a datagram or nothing, and throws for what will never be taken', () => {
  engine.roomMessages = 1;
  expect([stream.trySend(bytes('a')), stream.trySend(bytes('b'))]).toEqual([true, false]);
  expect(() => stream.trySend(new Uint8Array(1_001))).toThrow(expect.objectContaining({ code: 'ERR_OSIER_TOO_LARGE' }));
  expect(() => stream.trySend('c' as unknown as Uint8Array)).toThrow(expect.objectContaining({ details: { option: 'datagram' } }));
});

test('maxUnfragmentedBytes follows the path', () => {
  expect(stream.maxUnfragmentedBytes).toBe(1_150);
  engine.datagramBytes = 1_400;
  expect(stream.maxUnfragmentedBytes).toBe(1_400);
  engine.isForgetful = true;
  expect(stream.maxUnfragmentedBytes).toBe(0);
});

test('a loop gets one datagram at a time', async () => {
  stream.onReadable(engine.feedMessages(bytes('a'), bytes('b')), true);
  const got: string[] = [];
  for await (const datagram of stream) got.push(text(datagram));
  expect(got).toEqual(['a', 'b']);
});

test('datagrams of a stream that finished are acknowledged, but for those that the engine calls lost', () => {
  for (let count = 0; count < 3; count++) stream.trySend(bytes('a'));
  void stream.end();
  stream.onReadable(0, true);
  engine.isForgetful = true;
  stream.onFinished(2);
  expect(stream.stats()).toMatchObject({ messagesSent: 3n, messagesDelivered: 1n, messagesExpired: 2n, messagesUnknown: 0n });
});

test('what was not told of datagrams when the stream is given up counts as unknown', () => {
  for (let count = 0; count < 3; count++) stream.trySend(bytes('a'));
  engine.isForgetful = true;
  stream.reset();
  expect(stream.stats()).toMatchObject({ messagesSent: 3n, messagesDelivered: 0n, messagesExpired: 0n, messagesUnknown: 3n });
});
