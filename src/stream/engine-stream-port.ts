import { type Engine, SendAnswer } from '../engine/engine.js';
import type { Flusher } from '../engine/flusher.js';
import { STAGED_MESSAGE_MAX_BYTES, type Staging } from '../engine/message-stage.js';
import { MessageCounter, StreamCounter, type StreamPort } from './stream-port.js';

/** The engine was not asked for room since a message crossed. */
const NOT_ASKED = -1;

/** What a message takes of a send buffer beside its bytes. */
const MESSAGE_RECORD_BYTES = 16;

/**
 * Calls into the engine of this thread. What leaves something to send has the engine flush at the end of the tick. The first message of a tick crosses at
 * once; for small ones after it the engine is asked how much it is sure to take, and they cross together.
 */
export class EngineStreamPort implements StreamPort, Staging {
  readonly stream: number;
  readonly association: number;
  onReturned: ((message: Uint8Array, options: number) => void) | null = null;
  readonly #engine: Engine;
  readonly #flusher: Flusher;
  /** When a message crossed last: an epoch of the stage. */
  #epoch = -1;
  /** Bytes that the engine is sure to take in that epoch. */
  #room = NOT_ASKED;
  /** Messages that came back. */
  #returned = 0;
  /** The epoch in which a message was staged last. */
  #stagedIn = -1;
  readonly #counters = new BigUint64Array(StreamCounter.count);
  #messageCounters: BigUint64Array | null = null;

  constructor(engine: Engine, flusher: Flusher, association: number, stream: number) {
    this.#engine = engine;
    this.#flusher = flusher;
    this.association = association;
    this.stream = stream;
  }

  write(bytes: Uint8Array): number {
    this.handOver();
    const accepted = this.#engine.write(this.association, this.stream, bytes);
    this.#flusher.mark();
    return accepted;
  }

  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    const returned = this.#returned;
    this.handOver();
    if (this.#returned !== returned) return SendAnswer.noRoom;
    const answer = this.#engine.sendMessage(this.association, this.stream, bytes, options, lifetimeMicros, token);
    this.#flusher.mark();
    return answer;
  }

  sendSoon(bytes: Uint8Array, options: number): number {
    const returned = this.#returned;
    if (this.#mayStage(bytes.length)) {
      this.#flusher.stage?.add(this, options, bytes);
      return SendAnswer.accepted;
    }
    return this.#returned === returned ? this.sendMessage(bytes, options, 0, 0) : SendAnswer.noRoom;
  }

  handOver(): void {
    const { stage } = this.#flusher;
    if (stage === null) return;
    if (this.#stagedIn === stage.epoch) stage.handOver();
    this.#epoch = stage.epoch;
    this.#room = NOT_ASKED;
  }

  finish(): void {
    this.handOver();
    this.#engine.finish(this.association, this.stream);
    this.#flusher.mark();
  }

  reset(reason: number, code: number): void {
    this.handOver();
    this.#engine.reset(this.association, this.stream, reason, code);
    this.#flusher.mark();
  }

  stop(code: number): void {
    this.#engine.stop(this.association, this.stream, code);
    this.#flusher.mark();
  }

  read(into: Uint8Array): number {
    const count = this.#engine.read(this.association, this.stream, into);
    this.#flusher.mark();
    return count;
  }

  peek(): Uint8Array | null {
    return this.#engine.peek(this.association, this.stream);
  }

  consume(byteCount: number): void {
    this.#engine.consume(this.association, this.stream, byteCount);
    this.#flusher.mark();
  }

  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    const count = this.#engine.readMessages(this.association, this.stream, into, lengths);
    this.#flusher.mark();
    return count;
  }

  maxDatagramBytes(): number {
    return Math.max(0, this.#engine.maxDatagramBytes(this.association, this.stream));
  }

  watchAcknowledged(): void {
    this.handOver();
    this.#engine.watchAcknowledged(this.association, this.stream);
    this.#flusher.mark();
  }

  counters(): BigUint64Array | null {
    this.handOver();
    return this.#engine.streamStats(this.association, this.stream, this.#counters) ? this.#counters : null;
  }

  messageCounters(): BigUint64Array | null {
    this.handOver();
    this.#messageCounters ??= new BigUint64Array(MessageCounter.count);
    return this.#engine.messageStats(this.association, this.stream, this.#messageCounters) ? this.#messageCounters : null;
  }

  takeBack(message: Uint8Array, options: number): void {
    this.#returned++;
    this.onReturned?.(message, options);
  }

  /** Whether the engine is sure to take a small message. */
  #mayStage(byteCount: number): boolean {
    const { stage } = this.#flusher;
    if (stage === null || byteCount > STAGED_MESSAGE_MAX_BYTES) return false;
    if (this.#epoch !== stage.epoch) {
      this.#epoch = stage.epoch;
      this.#room = NOT_ASKED;
      return false;
    }
    if (!stage.hasRoomFor(byteCount)) {
      const returned = this.#returned;
      stage.handOver();
      this.#epoch = stage.epoch;
      this.#room = this.#returned === returned ? NOT_ASKED : 0;
    }
    if (this.#room === NOT_ASKED) {
      this.#room = this.#engine.messageRoom(this.association, this.stream);
      this.#flusher.markStaged();
    }
    const needed = byteCount + MESSAGE_RECORD_BYTES;
    if (needed > this.#room) return false;
    this.#room -= needed;
    this.#stagedIn = stage.epoch;
    return true;
  }
}
