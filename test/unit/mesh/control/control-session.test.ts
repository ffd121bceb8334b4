import { describe, expect, test, vi } from 'vitest';
import { StreamTable } from '../../../../src/engine/dispatch.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { type ControlHost, ControlSession, type Opens } from '../../../../src/mesh/control/control-session.js';
import { encodeControl } from '../../../../src/mesh/control/messages.js';
import { routeKey } from '../../../../src/mesh/routing/index.js';
import type { Association } from '../../../../src/peer/index.js';

const ASSOCIATION = 7;

/** An engine that has one association, and notes what is done with the streams there. */
function startSession(opens: Opens) {
  const arrived: Uint8Array[] = [];
  const sent: Uint8Array[] = [];
  const reset: number[] = [];
  const timers: { readonly delayMs: number; readonly run: () => void }[] = [];
  let opened = 0;
  let room = Number.POSITIVE_INFINITY;
  const engine = {
    openStream: () => 100 + opened++,
    setPriority: () => {},
    sendMessage: (_association: number, _stream: number, bytes: Uint8Array) => {
      if (sent.length >= room) return 1;
      sent.push(bytes.slice());
      return 0;
    },
    readMessages: (_association: number, _stream: number, into: Uint8Array, lengths: Uint32Array) => {
      const message = arrived.shift();
      if (message === undefined) return 0;
      into.set(message);
      lengths[0] = message.length;
      return 1;
    },
    watchAcknowledged: () => {},
    reset: (_association: number, stream: number) => void reset.push(stream),
  } as unknown as Engine;
  const host = {
    engine,
    flusher: { mark: () => {} },
    runtime: {
      clock: { nowMs: () => 0 },
      setTimer: (delayMs: number, run: () => void) => {
        timers.push({ delayMs, run });
        return { cancel: () => {} };
      },
    },
  } as unknown as ControlHost;
  const association = { handle: ASSOCIATION, streams: new StreamTable() } as unknown as Association;
  const listener = { onBegun: vi.fn(), onMessage: vi.fn(), onDrained: vi.fn(), onEnded: vi.fn() };
  const session = new ControlSession(host, association, opens, listener);
  const receive = (stream: number, ...messages: Uint8Array[]): void => {
    arrived.push(...messages);
    association.streams.get(stream)?.onReadable(messages.length, false);
  };
  return {
    session,
    listener,
    receive,
    sent,
    reset,
    timers,
    association,
    setRoom: (messages: number) => {
      room = messages;
    },
    streams: () => opened,
  };
}

const hello = encodeControl({ type: 'hello', isRelay: true, observed: null });
const key = (number: number) => routeKey(Uint8Array.of(number, number >> 8, 0, 0, 0, 0, 0, 0));

describe('the control session of a relay', () => {
  test('opens its stream, says what is to be said, and hears what is told', () => {
    const { session, listener, receive, sent } = startSession('yes');
    listener.onBegun.mockImplementation(() => session.outgoing.hello(hello));
    session.begin();
    expect(sent).toEqual([hello]);
    receive(100, hello);
    expect(listener.onMessage).toHaveBeenCalledWith({ type: 'hello', isRelay: true, observed: null });
    expect(listener.onEnded).not.toHaveBeenCalled();
  });

  test('ends by bytes that break a rule, and begins again after a pause that doubles', () => {
    const { session, listener, receive, reset, timers, streams } = startSession('yes');
    session.begin();
    receive(100, Uint8Array.of(3, 1), hello);
    expect(reset).toEqual([100]);
    expect(listener.onEnded).toHaveBeenCalledOnce();
    expect(listener.onMessage).not.toHaveBeenCalled();
    expect(session.isOpen).toBe(false);
    timers[0]?.run();
    expect(streams()).toBe(2);
    receive(101, Uint8Array.of(1));
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000, 2_000]);
  });

  test('and that of another relay have one stream: that of the smaller id', () => {
    const smaller = startSession('over-theirs');
    smaller.session.begin();
    smaller.session.accept(55);
    expect(smaller.reset).toEqual([55]);
    expect(smaller.listener.onBegun).toHaveBeenCalledOnce();
    const greater = startSession('yes');
    greater.session.begin();
    greater.session.accept(55);
    expect(greater.reset).toEqual([100]);
    greater.receive(55, hello);
    expect(greater.listener.onMessage).toHaveBeenCalledOnce();
  });
});

describe('the control session of another node', () => {
  test('opens none, and takes the newest that it is offered', () => {
    const { session, listener, receive, reset, streams } = startSession('no');
    session.begin();
    expect(streams()).toBe(0);
    session.accept(55);
    session.accept(57);
    expect(reset).toEqual([55]);
    receive(57, hello);
    expect(listener.onMessage).toHaveBeenCalledOnce();
  });
});

describe('what waits for a slow neighbour', () => {
  test('is the newest announcement of each node, and goes when there is room', () => {
    const { session, sent, setRoom, association } = startSession('no');
    session.accept(55);
    setRoom(1);
    for (let sequence = 0; sequence < 100; sequence++) session.outgoing.announce(key(1), Uint8Array.of(sequence));
    session.outgoing.announce(key(2), Uint8Array.of(7));
    session.pump();
    session.outgoing.announce(key(2), Uint8Array.of(8));
    setRoom(10);
    association.streams.get(55)?.onWritable();
    // What found no room once goes first: it is no longer among what can change.
    expect(sent.map((message) => [...message])).toEqual([
      [2, 99],
      [2, 7],
      [2, 8],
    ]);
    expect(session.outgoing.isEmpty).toBe(true);
  });

  test('is no more than a window at a time, so that the rest can still change', () => {
    const { session, sent, association } = startSession('no');
    session.accept(55);
    for (let node = 0; node < 200; node++) session.outgoing.announce(key(node), new Uint8Array(1_000));
    session.pump();
    const atOnce = sent.length;
    expect(atOnce).toBeLessThan(70);
    expect(session.outgoing.size).toBe(200 - atOnce);
    association.streams.get(55)?.onFlushed();
    expect(sent.length).toBeGreaterThan(atOnce);
  });
});
