import type { Engine } from '../engine/engine.js';
import type { Flusher } from '../engine/flusher.js';
import { MessageCounter, StreamCounter, type StreamPort } from './stream-port.js';

/** Calls into the engine of this thread. What leaves something to send has the engine flush at the end of the tick. */
export class EngineStreamPort implements StreamPort {
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

  write(bytes: Uint8Array): number {
    const accepted = this.#engine.write(this.#association, this.stream, bytes);
    this.#flusher.mark();
    return accepted;
  }

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

  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    const count = this.#engine.readMessages(this.#association, this.stream, into, lengths);
    this.#flusher.mark();
    return count;
  }

  maxDatagramBytes(): number {
    return Math.max(0, this.#engine.maxDatagramBytes(this.#association, this.stream));
  }

  watchAcknowledged(): void {
    this.#engine.watchAcknowledged(this.#association, this.stream);
    this.#flusher.mark();
  }

  counters(): BigUint64Array | null {
    return this.#engine.streamStats(this.#association, this.stream, this.#counters) ? this.#counters : null;
  }

  messageCounters(): BigUint64Array | null {
    this.#messageCounters ??= new BigUint64Array(MessageCounter.count);
    return this.#engine.messageStats(this.#association, this.stream, this.#messageCounters) ? this.#messageCounters : null;
  }
}
