import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { MessageReceiveSide } from '../../../src/stream/message-receive-side.js';
import { resetHere } from '../../../src/stream/stream-errors.js';
import { FakeEngine } from '../support/fake-engine.js';
import { bytes, portTo, text } from '../support/messages.js';

let engine: FakeEngine;
let receive: MessageReceiveSide;

beforeEach(() => {
  engine = new FakeEngine(null, () => {});
  receive = new MessageReceiveSide(portTo(engine));
});

/** Messages arrive, and the engine tells how many are there. */
function arrive(messages: readonly string[], isEnd = false): void {
  receive.onReadable(engine.feedMessages(...messages.map(bytes)), isEnd);
}

const next = async (): Promise<string> => text(await receive.next(undefined));
const batch = async (): Promise<string[] | null> => (await receive.batch())?.map(text) ?? null;

describe('messages', () => {
  test('come one at a time, in order, many for one crossing', async () => {
    arrive(['a', '', 'ccc', 'd']);
    expect([await next(), await next(), await next(), await next()]).toEqual(['a', '', 'ccc', 'd']);
    expect(engine.messageReads).toBe(1);
    expect([receive.receivedMessages, receive.consumedBytes]).toEqual([4, 5]);
  });

  test('come all at once in a batch, those that a read before it had fetched first', async () => {
    arrive(['a', 'b', 'c']);
    expect(await next()).toBe('a');
    arrive(['d']);
    expect(await batch()).toEqual(['b', 'c', 'd']);
    expect([receive.receivedMessages, receive.consumedBytes]).toEqual([4, 4]);
  });

  test('come in arrays that their reader owns', async () => {
    arrive(['first', 'second']);
    const [first, second] = (await receive.batch()) ?? [];
    first?.fill(0);
    arrive(['third']);
    const third = await receive.next(undefined);
    expect([text(second), text(third)]).toEqual(['second', 'third']);
  });

  test('keep no more memory alive than a few kilobytes beside their own', async () => {
    const sizes = [...Array.from({ length: 500 }, () => 64), 9_000, 1, 8_192, 0, 70_000];
    receive.onReadable(engine.feedMessages(...sizes.map((size) => new Uint8Array(size))), false);
    const messages = (await receive.batch()) ?? [];
    expect(messages.map(({ length }) => length)).toEqual(sizes);
    for (const { length, buffer } of messages) expect(buffer.byteLength).toBeLessThanOrEqual(Math.max(length, 8_192));
    // Those that came together share an allocation: one for each would cost more than all else.
    expect(new Set(messages.map(({ buffer }) => buffer)).size).toBeLessThan(12);
  });

  test('of any size come whole, in the midst of others', async () => {
    const long = new Uint8Array(5_000_000).map((_, index) => index % 251);
    receive.onReadable(engine.feedMessages(bytes('before'), long, bytes(''), bytes('after')), false);
    const [before, whole, empty, after] = (await receive.batch()) ?? [];
    expect([text(before), text(empty), text(after)]).toEqual(['before', '', 'after']);
    expect(Buffer.compare(whole ?? bytes(''), long)).toBe(0);
  });

  test('by the thousand come in batches of some hundred, without one of them being lost', async () => {
    const messages = Array.from({ length: 3_000 }, (_, index) => String(index));
    arrive(messages);
    const batches: string[][] = [];
    while (batches.flat().length < messages.length) batches.push((await batch()) as string[]);
    expect(batches.flat()).toEqual(messages);
    expect(batches.length).toBeLessThan(10);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThan(1_024);
  });

  test('go to the reads in the order of the calls', async () => {
    const reads = [next(), batch(), next()];
    arrive(['a']);
    arrive(['b', 'c']);
    arrive(['d']);
    expect(await Promise.all(reads)).toEqual(['a', ['b', 'c'], 'd']);
  });

  test('that were dropped after the engine told of them are no end and no empty batch', async () => {
    const reads = [batch(), next()];
    engine.feedMessages(bytes('old'));
    engine.dropOldest();
    receive.onReadable(1, false);
    arrive(['new']);
    receive.onReadable(1, false);
    arrive(['newer']);
    expect(await Promise.all(reads)).toEqual([['new'], 'newer']);
  });
});

describe('a read that ends with a signal', () => {
  test('takes nothing when the signal aborts, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const waiting = receive.next(controller.signal);
    controller.abort(new Error('no error for the reader'));
    expect(await waiting).toBeNull();
    arrive(['a']);
    expect(await receive.next(controller.signal)).toBeNull();
    expect(await next()).toBe('a');
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(receive.isOver).toBe(false);
    expect(engine.calls).toEqual([]);
  });
});

describe('the end', () => {
  test('follows the last message, for every read', async () => {
    const reads = Promise.all([next(), next()]);
    arrive(['last'], true);
    expect(await reads).toEqual(['last', 'end']);
    expect(await batch()).toBeNull();
  });

  test('is reached only when the fetched messages were taken', async () => {
    arrive(['a', 'b'], true);
    await next();
    expect(receive.isOver).toBe(false);
    expect(await next()).toBe('b');
    expect(receive.isOver).toBe(true);
  });

  test('by stop drops what came, and tells the peer once', async () => {
    arrive(['a', 'b']);
    await next();
    receive.stop(7);
    receive.stop(8);
    expect(await next()).toBe('end');
    expect(engine.calls).toEqual(['stop 7']);
  });

  test('by a failure is told to every read, and drops what came', async () => {
    arrive(['a', 'b']);
    await next();
    const error = resetHere(3);
    receive.fail(error);
    await expect(next()).rejects.toBe(error);
    await expect(batch()).rejects.toBe(error);
  });
});

describe('when the association ends', () => {
  const error = resetHere(9);

  test('what has come whole can still be read, then its end', async () => {
    arrive(['a', 'b', 'c'], true);
    await next();
    expect(receive.onAssociationEnded(error)).toBe(true);
    engine.isForgetful = true;
    expect([await next(), await batch(), await next()]).toEqual(['b', ['c'], 'end']);
  });

  test('and more would have come, that is told after what has come whole', async () => {
    arrive(['a', 'b', 'c']);
    await next();
    expect(receive.onAssociationEnded(error)).toBe(false);
    engine.isForgetful = true;
    expect([await next(), await next()]).toEqual(['b', 'c']);
    await expect(next()).rejects.toBe(error);
    await expect(batch()).rejects.toBe(error);
  });

  test('reads that wait are told at once', async () => {
    const waiting = next();
    receive.onAssociationEnded(error);
    await expect(waiting).rejects.toBe(error);
  });

  test('and the engine gives nothing any more, it is not taken for whole', async () => {
    arrive(['a', 'b'], true);
    engine.isForgetful = true;
    expect(receive.onAssociationEnded(error)).toBe(false);
    await expect(next()).rejects.toBe(error);
  });

  test('what was announced by an old report, and is gone, does not hold up the end', async () => {
    receive.onReadable(2, true);
    expect(receive.onAssociationEnded(error)).toBe(true);
    expect(await next()).toBe('end');
  });
});
