import { describe, expect, it } from 'vitest';
import { ENGINE_COUNTERS, type Engine } from '../../src/engine/engine.js';
import { EventKind, isDelivering } from '../../src/engine/events.js';
import { CREDIT, connectedPair, type End, key, session, TEXT } from './support/engines.js';

describe('while a batch is delivered', () => {
  it('the shared word says so, in the ticks that follow too, and what they write leaves without a flush', async () => {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
    const words: boolean[] = [];
    const look = (): number => words.push(isDelivering(first.engine.events));
    look();
    first.engine.ping(first.association, 1);
    first.engine.flush();
    await first.recorder.next(EventKind.pong);
    // Here the tick that follows the listener runs.
    look();
    const stream = first.engine.openStream(first.association, 0, 3, TEXT.encode('p'), new Uint8Array());
    process.nextTick(() => {
      look();
      first.engine.write(first.association, stream, TEXT.encode('late'));
    });
    await second.recorder.next(EventKind.streamReadable);
    await new Promise((resolve) => setImmediate(resolve));
    look();
    expect(words).toEqual([false, true, true, false]);
  });
});

describe('timers', () => {
  it('are late for nobody whose answer waits in the socket already', async () => {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
    const associations = Array.from({ length: 60 }, (_, at) => {
      const [own, other] = [first, second].map(({ engine, port }, parity) => {
        const index = engine.reserveIndex(key(9));
        return { engine, port, index, association: engine.createAssociation({ parity: parity as 0 | 1, ...CREDIT }) };
      }) as [End & { association: number }, End & { association: number }];
      own.engine.installSession(own.association, session(own, other, at, 100 + at, '127.0.0.1'));
      other.engine.installSession(other.association, session(other, own, 100 + at, at, '127.0.0.1'));
      return own.association;
    });
    const sentBy = (engine: Engine): bigint => {
      const stats = new BigUint64Array(ENGINE_COUNTERS);
      engine.stats(stats);
      return stats[0] ?? 0n;
    };
    const round = async (): Promise<void> => {
      for (const association of associations) first.engine.ping(association, 1);
      first.engine.flush();
      for (let answers = 0; answers < associations.length; answers++) await first.recorder.next(EventKind.pong);
    };
    // Round trips are known from here on: a probe is due after some 10 ms.
    for (let times = 0; times < 30; times++) await round();
    const [asked, answered] = [sentBy(first.engine), sentBy(second.engine)];
    let sent = 0n;
    setImmediate(function wait() {
      sent = sentBy(first.engine);
      // Once the peer has answered everything, this thread is busy for far longer than a probe time-out.
      if (sent === asked || sentBy(second.engine) - answered < sent - asked) setImmediate(wait);
      else for (const endMs = performance.now() + 150; performance.now() < endMs; );
    });
    await round();
    expect(sentBy(first.engine)).toBe(sent);
  });
});

describe('a view of the receive ring', () => {
  it('keeps its bytes until it is given back, whatever the engine does with its memory', async () => {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
    const send = async (stream: number, byte: number): Promise<number> => {
      first.engine.write(first.association, stream, new Uint8Array(3000).fill(byte));
      first.engine.flush();
      return (await second.recorder.next(EventKind.streamReadable)).stream;
    };
    const open = (): number => first.engine.openStream(first.association, 0, 3, TEXT.encode('p'), new Uint8Array());
    const stream = open();
    const theirs = await send(stream, 1);
    const view = second.engine.peek(second.association, theirs);
    // The ring of 4 KiB grows, and another stream asks for one of 4 KiB.
    await send(stream, 2);
    await send(open(), 3);
    expect(view).toEqual(new Uint8Array(3000).fill(1));
    second.engine.consume(second.association, theirs, 3000);
    expect(second.engine.peek(second.association, theirs)).toEqual(new Uint8Array(3000).fill(2));
    // A stop of the reading side takes the ring away as well.
    const last = second.engine.peek(second.association, theirs);
    second.engine.stop(second.association, theirs, 0);
    await send(open(), 4);
    await send(open(), 5);
    expect(last).toEqual(new Uint8Array(3000).fill(2));
  });
});
