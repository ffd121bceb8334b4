import type { Engine } from '../../engine/engine.js';
import type { Flusher } from '../../engine/flusher.js';
import type { Runtime, Timer } from '../../engine/runtime.js';
import type { Association } from '../../peer/index.js';
import { ResetReason } from '../../stream/index.js';
import { ControlStream, type ControlStreamListener } from './control-stream.js';
import { type ControlMessage, decodeControl } from './messages.js';
import { Outgoing } from './outgoing.js';

/** Bytes under way to a neighbour: what waits beyond them can still be replaced by something newer. */
const WINDOW_BYTES = 64 * 1_024;

/** Pauses before the stream is opened again, or before another is taken from the peer: who breaks the rules again and again is heard rarely. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 60_000;
/** A stream that has lived for so long is forgiven its end. */
const STABLE_MS = 60_000;

/** What the session needs of its node. */
export interface ControlHost {
  readonly engine: Engine;
  readonly flusher: Flusher;
  readonly runtime: Pick<Runtime, 'clock' | 'setTimer'>;
}

/** Which part an end has in opening the stream. */
export type Opens = 'no' | 'yes' | 'over-theirs';

/** Who speaks with the neighbour. */
export interface ControlSessionListener {
  /** There is a stream: HELLO goes first, and then all that the neighbour is to know. */
  onBegun(): void;
  onMessage(message: ControlMessage): void;
  /** The neighbour has what was sent, and what waited went after it. */
  onDrained(): void;
  /** The stream is gone: what the neighbour said holds no longer. `fault`: the message that broke a rule; else `null`. */
  onEnded(fault: unknown): void;
}

/**
 * The control session with one direct neighbour. One end opens the stream, and opens another when it has ended, after a pause; the other end takes what
 * it is offered, the newest.
 */
export class ControlSession implements ControlStreamListener {
  readonly #host: ControlHost;
  readonly #association: Association;
  readonly #opens: Opens;
  readonly #listener: ControlSessionListener;
  #outgoing = new Outgoing();
  #stream: ControlStream | null = null;
  #begunAtMs = 0;
  #pauseMs = PAUSE_MS_MIN;
  #timer: Timer | null = null;
  /** Bytes sent since all was acknowledged. */
  #underWay = 0;
  /** What found no room. */
  #held: Uint8Array | null = null;
  #isOver = false;

  /** `opens`: it is this end's part to open the stream; 'over-theirs': and where both ends do, this one's stream is the one that stays. */
  constructor(host: ControlHost, association: Association, opens: Opens, listener: ControlSessionListener) {
    this.#host = host;
    this.#association = association;
    this.#opens = opens;
    this.#listener = listener;
  }

  /** Something can be said to the neighbour. */
  get isOpen(): boolean {
    return this.#stream !== null;
  }

  /** What waits for the neighbour; what is put there goes with {@link ControlSession.pump}. */
  get outgoing(): Outgoing {
    return this.#outgoing;
  }

  /** Opens the stream where that is this end's part. */
  begin(): void {
    if (this.#opens === 'no' || this.#isOver || this.#stream !== null || this.#timer !== null) return;
    const stream = ControlStream.open(this.#host.engine, this.#host.flusher, this.#association, this);
    if (stream === null) this.#pause();
    else this.#start(stream);
  }

  /** The peer opened a stream; the one before it is given up. */
  accept(handle: number): void {
    const { engine, flusher } = this.#host;
    if (this.#opens === 'over-theirs') {
      engine.reset(this.#association.handle, handle, ResetReason.application, 0);
      flusher.mark();
      return;
    }
    const before = this.#stream;
    this.#stream = null;
    before?.reset();
    if (before !== null) this.#listener.onEnded(null);
    this.#start(ControlStream.accept(engine, flusher, this.#association, handle, this));
  }

  /** The peer said what no honest one says: the stream ends, as by a message that breaks a rule. */
  fail(fault: unknown): void {
    if (this.#stream === null) return;
    this.#stream.reset();
    this.onEnded(fault);
  }

  /** Sends what waits, as far as the window allows. */
  pump(): void {
    while (this.#stream !== null && this.#underWay < WINDOW_BYTES) {
      const message = this.#held ?? this.#outgoing.next();
      if (message === null) return;
      this.#held = this.#stream.send(message) ? null : message;
      if (this.#held !== null) return;
      if (this.#underWay === 0) this.#watch();
      this.#underWay += message.length;
    }
  }

  /** For good; the association may have ended. */
  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#stream?.reset();
    this.#stream = null;
  }

  // ---- from the stream ----

  onMessage(bytes: Uint8Array): void {
    const message = decodeControl(bytes);
    if (message !== null) this.#listener.onMessage(message);
  }

  onAcknowledged(): void {
    this.#underWay = 0;
    this.pump();
    this.#listener.onDrained();
  }

  onRoom(): void {
    this.pump();
  }

  onEnded(fault: unknown): void {
    this.#stream = null;
    if (this.#host.runtime.clock.nowMs() - this.#begunAtMs >= STABLE_MS) this.#pauseMs = PAUSE_MS_MIN;
    this.#pause();
    this.#listener.onEnded(fault);
  }

  #start(stream: ControlStream): void {
    this.#stream = stream;
    this.#begunAtMs = this.#host.runtime.clock.nowMs();
    this.#outgoing = new Outgoing();
    this.#held = null;
    this.#underWay = 0;
    this.#listener.onBegun();
    this.pump();
  }

  /** What is sent after this is acknowledged later: the window opens when the first of it is, which is near enough. */
  #watch(): void {
    const stream = this.#stream;
    queueMicrotask(() => {
      if (this.#stream === stream) stream?.watchAcknowledged();
    });
  }

  #pause(): void {
    if (this.#opens === 'no' || this.#isOver) return;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
    this.#timer?.cancel();
    this.#timer = this.#host.runtime.setTimer(pauseMs, () => {
      this.#timer = null;
      this.begin();
    });
  }
}
