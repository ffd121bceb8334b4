import type { StreamSink } from '../../engine/dispatch.js';
import { type Engine, SendAnswer } from '../../engine/engine.js';
import type { Flusher } from '../../engine/flusher.js';
import type { Association } from '../../peer/index.js';
import { kindNumber, ResetReason } from '../../stream/index.js';
import { CONTROL_MESSAGE_BYTES_MAX, CONTROL_PROTOCOL } from './messages.js';

/** Room for what a read brings at a time: some fifty messages. */
const READ_BYTES = 64 * 1_024;
const READ_MESSAGES = 512;

/** Nothing goes before it. */
const PRIORITY = 0;

/** Who speaks on the stream. */
export interface ControlStreamListener {
  /** One message; valid during the call. Throws for one that ends the stream. */
  onMessage(bytes: Uint8Array): void;
  /** The peer has all that was sent. */
  onAcknowledged(): void;
  /** A message that found no room may find some now. */
  onRoom(): void;
  /** Once: by the peer, or by a message that broke a rule, which is `fault`. */
  onEnded(fault: unknown): void;
}

/**
 * One end of the control stream between two neighbours: messages in order, before everything else. It is none of the application's streams, so that
 * none of their limits, hooks and counters know of it.
 */
export class ControlStream implements StreamSink {
  readonly handle: number;
  readonly #engine: Engine;
  readonly #flusher: Flusher;
  readonly #association: number;
  readonly #listener: ControlStreamListener;
  #hasEnded = false;

  constructor(engine: Engine, flusher: Flusher, association: Association, handle: number, listener: ControlStreamListener) {
    this.#engine = engine;
    this.#flusher = flusher;
    this.#association = association.handle;
    this.handle = handle;
    this.#listener = listener;
    association.streams.set(this);
  }

  /** Opens it; `null` where the association takes none now. */
  static open(
    engine: Engine,
    flusher: Flusher,
    association: Association,
    listener: ControlStreamListener,
    name: string = CONTROL_PROTOCOL,
  ): ControlStream | null {
    const protocol = new TextEncoder().encode(name);
    const handle = engine.openStream(association.handle, kindNumber('messages'), PRIORITY, protocol, new Uint8Array(0));
    if (handle < 0) return null;
    flusher.mark();
    return new ControlStream(engine, flusher, association, handle, listener);
  }

  /** The peer opened it. */
  static accept(engine: Engine, flusher: Flusher, association: Association, handle: number, listener: ControlStreamListener): ControlStream {
    engine.setPriority(association.handle, handle, PRIORITY);
    return new ControlStream(engine, flusher, association, handle, listener);
  }

  /** False: there is no room now; {@link ControlStreamListener.onRoom} follows, or the end. */
  send(message: Uint8Array): boolean {
    if (this.#hasEnded) return false;
    const answer = this.#engine.sendMessage(this.#association, this.handle, message, 0, 0, 0);
    this.#flusher.mark();
    return answer === SendAnswer.accepted;
  }

  /** {@link ControlStreamListener.onAcknowledged} follows. */
  watchAcknowledged(): void {
    if (!this.#hasEnded) this.#engine.watchAcknowledged(this.#association, this.handle);
  }

  /** Gives it up; the listener hears nothing more. */
  reset(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#engine.reset(this.#association, this.handle, ResetReason.application, 0);
    this.#flusher.mark();
  }

  // ---- from the engine ----

  onReadable(_count: number, endIncluded: boolean): void {
    const into = new Uint8Array(READ_BYTES);
    const lengths = new Uint32Array(READ_MESSAGES);
    try {
      for (;;) {
        if (this.#hasEnded) return;
        const count = this.#engine.readMessages(this.#association, this.handle, into, lengths);
        if (count <= 0) break;
        this.#deliver(into, lengths.subarray(0, count));
      }
    } catch (fault) {
      this.#end(fault);
      return;
    }
    if (endIncluded) this.#end(null);
  }

  onWritable(): void {
    if (!this.#hasEnded) this.#listener.onRoom();
  }

  onFinished(): void {}

  onReset(): void {
    this.#end(null);
  }

  onStopped(): void {
    this.#end(null);
  }

  onFlushed(): void {
    if (!this.#hasEnded) this.#listener.onAcknowledged();
  }

  onSettled(): void {}

  onClosed(): void {
    this.#end(null);
  }

  #deliver(bytes: Uint8Array, lengths: Uint32Array): void {
    let at = 0;
    for (const length of lengths) {
      if (this.#hasEnded) return;
      if (length > CONTROL_MESSAGE_BYTES_MAX) throw new RangeError('a control message is longer than any may be');
      this.#listener.onMessage(bytes.subarray(at, at + length));
      at += length;
    }
  }

  #end(fault: unknown): void {
    if (this.#hasEnded) return;
    this.reset();
    this.#listener.onEnded(fault);
  }
}
