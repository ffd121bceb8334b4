import { describe, expect, it, vi } from 'vitest';
import { EventKind } from '../../src/engine/events.js';
import { CONFIG, connectedPair, TEXT } from './support/engines.js';

describe('messages and datagrams', () => {
  /** A stream of `kind` between two engines, and what its receiver reads from it. */
  async function openMessages(kind: 1 | 2) {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
    const stream = first.engine.openStream(first.association, kind, 3, TEXT.encode('m'), new Uint8Array());
    const send = (text: string, options: number, token: number): number =>
      first.engine.sendMessage(first.association, stream, TEXT.encode(text), options, 0, token);
    const read = (handle: number, intoBytes = 65_536, most = 100): string[] | number => {
      const [into, lengths] = [new Uint8Array(intoBytes), new Uint32Array(most)];
      const count = second.engine.readMessages(second.association, handle, into, lengths);
      if (count < 0) return count === -2 ? -(lengths[0] ?? 0) : Number.NaN;
      let offset = 0;
      return [...lengths.subarray(0, count)].map((length) => {
        offset += length;
        return new TextDecoder().decode(into.subarray(offset - length, offset));
      });
    };
    return { first, second, stream, send, read };
  }

  it.each([1, 2] as const)('cross the boundary whole, and their fates come back (kind %i)', async (kind) => {
    const { first, second, stream, send, read } = await openMessages(kind);
    expect(send('one', 2, 0xffff_ffff)).toBe(0);
    expect(send('', 0, 5)).toBe(0);
    expect(send('x'.repeat(30_000), 3, 7)).toBe(0);
    const opened = await second.recorder.next(EventKind.streamOpened);
    expect(opened.a).toBe(kind);
    const fates = [await first.recorder.next(EventKind.messageSettled), await first.recorder.next(EventKind.messageSettled)];
    expect(fates.map(({ stream, a, b }) => [stream, a, b])).toEqual([
      [stream, 0xffff_ffff, 1],
      [stream, 7, 1],
    ]);
    expect(read(opened.stream, 2)).toBe(-3);
    expect(read(opened.stream, 65_536, 2)).toEqual(['one', '']);
    expect(read(opened.stream)).toEqual(['x'.repeat(30_000)]);
    expect(read(opened.stream)).toEqual([]);
    const counts = new BigUint64Array(6);
    expect(first.engine.messageStats(first.association, stream, counts)).toBe(true);
    expect([...counts]).toEqual([3n, 3n, 0n, 0n, 0n, 0n]);
    expect(second.engine.messageStats(second.association, opened.stream, counts)).toBe(true);
    expect(counts[4]).toBe(3n);
    first.engine.finish(first.association, stream);
    await first.recorder.next(EventKind.streamFinished);
    expect(read(opened.stream)).toBeNaN();
    expect(send('late', 0, 0)).toBe(-1);
  });

  it('cross many at a time, where the engine says that there is room', async () => {
    const { first, second, stream, send, read } = await openMessages(1);
    const { engine, association } = first;
    const other = engine.openStream(association, 1, 3, TEXT.encode('m'), new Uint8Array());
    expect(send('first', 0, 0)).toBe(0);
    expect(engine.sendMessage(association, other, TEXT.encode('first'), 0, 0, 0)).toBe(0);
    expect(engine.messageRoom(association, stream)).toBeGreaterThan(1_000);
    const runs = Uint32Array.of(association, stream, 0, 2, association, other, 1, 1, association, stream, 0, 1);
    expect(engine.sendMessages(TEXT.encode('abbcccd'), Uint32Array.of(1, 2, 3, 1), runs, 3)).toBe(4);
    const [one, two] = [await second.recorder.next(EventKind.streamOpened), await second.recorder.next(EventKind.streamOpened)];
    const all = (handle: number, messages: string[]) => {
      const got: string[] = [];
      return vi.waitFor(() => {
        const more = read(handle);
        if (Array.isArray(more)) got.push(...more);
        expect(got).toEqual(messages);
      });
    };
    await all(one.stream, ['first', 'a', 'bb', 'd']);
    await all(two.stream, ['first', 'ccc']);
  });

  it('cross in order until one is not taken', async () => {
    const { first, stream } = await openMessages(1);
    const { engine, association } = first;
    const large = CONFIG.messageBytes + 1;
    const dead = [association, 0xffff_ffff, 0, 1, association, stream, 0, 1];
    const send = (lengths: number[], runs: number[], runCount = runs.length / 4) =>
      engine.sendMessages(new Uint8Array(large + 1), Uint32Array.from(lengths), Uint32Array.from(runs), runCount);
    expect(send([1, large], [association, stream, 0, 2])).toBe(1);
    expect(send([1, 1], dead)).toBe(0);
    expect(engine.messageRoom(association, 0xffff_ffff)).toBe(0);
    expect(() => send([1], [association, stream, 0, 2])).toThrow('lengths');
    expect(() => send([large, 2], [association, stream, 0, 2])).toThrow('bytes');
    expect(() => send([1], [association, stream, 0, 1], 2)).toThrow('runCount');
    expect(() => engine.sendMessages(new Uint8Array(1), new Uint8Array(4) as never, new Uint32Array(4), 1)).toThrow('lengths');
  });

  it('tell what they refuse', async () => {
    const { first, stream, send } = await openMessages(1);
    const { engine, association } = first;
    expect(engine.sendMessage(association, stream, new Uint8Array(CONFIG.messageBytes + 1), 0, 0, 0)).toBe(2);
    expect(engine.sendMessage(association, stream, new Uint8Array(CONFIG.messageBytes), 0, 0, 0)).toBe(0);
    expect(send('no room now', 0, 0)).toBe(1);
    expect(engine.sendMessage(association, 0xffff_ffff, new Uint8Array(1), 0, 0, 0)).toBe(-1);
    expect(engine.write(association, stream, new Uint8Array(1))).toBe(-1);
    expect(() => engine.sendMessage(association, stream, new Uint8Array(1), 4, 0, 0)).toThrow('options');
    expect(() => engine.sendMessage(association, stream, new Uint8Array(1), 0, -1, 0)).toThrow('lifetimeMicros');
    expect(() => engine.sendMessage(association, stream, new Uint8Array(1), 0, 0, 2 ** 32)).toThrow('token');
    const memory = new ArrayBuffer(64);
    expect(() => engine.readMessages(association, stream, new Uint8Array(memory), new Uint32Array(memory))).toThrow('lengths');
    expect(() => engine.readMessages(association, stream, new Uint8Array(8), new Uint8Array(8) as unknown as Uint32Array)).toThrow('lengths');
    expect(engine.messageStats(association, 0xffff_ffff, new BigUint64Array(6))).toBe(false);
    expect(engine.maxDatagramBytes(association, 0xffff_ffff)).toBe(0);
    expect(engine.maxDatagramBytes(association, stream)).toBeGreaterThan(1_150);
  });
});
