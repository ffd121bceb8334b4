import type { Engine } from '../engine/engine.js';
import type { Flusher } from '../engine/flusher.js';

/** One stream's calls into the engine. What leaves something to send has the engine flush at the end of the tick. */
export class StreamPort {
  readonly stream: number;
  readonly #engine: Engine;
  readonly #association: number;
  readonly #flusher: Flusher;
  readonly #counters = new BigUint64Array(StreamCounter.count);
  #messageCounters: BigUint64Array | null = null;

  constructor(engine: Engine, flusher: Flusher, association: number, stream: number) {
    this.#engine = engine;
    this.#flusher = flusher;
    this.#association = association;
    this.stream = stream;
  }

  /** Bytes accepted; -1 when the sending side has ended. Fewer than given: {@link StreamSink.onWritable} follows. */
  write(bytes: Uint8Array): number {
    const accepted = this.#engine.write(this.#association, this.stream, bytes);
    this.#flusher.mark();
    return accepted;
  }

  /** As {@link Engine.sendMessage}. */
  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    const answer = this.#engine.sendMessage(this.#association, this.stream, bytes, options, lifetimeMicros, token);
    this.#flusher.mark();
    return answer;
  }

  finish(): void {
    this.#engine.finish(this.#association, this.stream);
    this.#flusher.mark();
  }

  reset(reason: number, code: number): void {
    this.#engine.reset(this.#association, this.stream, reason, code);
    this.#flusher.mark();
  }

  stop(code: number): void {
    this.#engine.stop(this.#association, this.stream, code);
    this.#flusher.mark();
  }

  /** Bytes copied; 0: nothing is there; -1: the end, or a dead handle. */
  read(into: Uint8Array): number {
    const count = this.#engine.read(this.#association, this.stream, into);
    this.#flusher.mark();
    return count;
  }

  peek(): Uint8Array | null {
    return this.#engine.peek(this.#association, this.stream);
  }

  consume(byteCount: number): void {
    this.#engine.consume(this.#association, this.stream, byteCount);
    this.#flusher.mark();
  }

  /** As {@link Engine.readMessages}. */
  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    const count = this.#engine.readMessages(this.#association, this.stream, into, lengths);
    this.#flusher.mark();
    return count;
  }

  /** The largest datagram that goes as one packet; 0 while there is no path. */
  maxDatagramBytes(): number {
    return Math.max(0, this.#engine.maxDatagramBytes(this.#association, this.stream));
  }

  watchAcknowledged(): void {
    this.#engine.watchAcknowledged(this.#association, this.stream);
    this.#flusher.mark();
  }

  /** The engine's counters by {@link StreamCounter}, valid until the next call; `null` when the handle is dead. */
  counters(): BigUint64Array | null {
    return this.#engine.streamStats(this.#association, this.stream, this.#counters) ? this.#counters : null;
  }

  /** The engine's counters by {@link MessageCounter}, valid until the next call; `null` when the handle is dead. */
  messageCounters(): BigUint64Array | null {
    this.#messageCounters ??= new BigUint64Array(MessageCounter.count);
    return this.#engine.messageStats(this.#association, this.stream, this.#messageCounters) ? this.#messageCounters : null;
  }
}

/** Positions in {@link StreamPort.counters}. */
export const StreamCounter = { sent: 0, acknowledged: 1, received: 2, consumed: 3, sendBuffered: 4, receiveBuffered: 5, count: 6 } as const;

/** Positions in {@link StreamPort.messageCounters}. For datagrams: acknowledged counts as delivered, presumed lost as expired. */
export const MessageCounter = { sent: 0, delivered: 1, expired: 2, unknown: 3, received: 4, dropped: 5, count: 6 } as const;
