import type { TimedWaitOptions } from '../api/waiting.js';
import type { Runtime, Timer } from '../engine/runtime.js';

/** First pause after an attempt that failed, and the longest one. */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 30_000;
/** How long one attempt goes on. */
const ATTEMPT_MS = 15_000;
/** A connection that lasted this long is followed by the next attempt at once; a shorter one counts as a failure. */
const LASTING_MS = 5_000;

/** What keeps one peer connected needs to know of it. */
export interface Reconnectable {
  connect(options: TimedWaitOptions): Promise<void>;
  isConnected(): boolean;
}

/** Keeps one peer connected: attempts with pauses that double up to a bound, each with jitter, so that many nodes don't come back in step. */
export class Reconnector {
  readonly #runtime: Runtime;
  readonly #peer: Reconnectable;
  /** Of the present attempt. */
  #stopping: AbortController | null = null;
  #isStopped = false;
  #wanted = false;
  #attempting = false;
  #connectedAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs = PAUSE_MS_MIN;
  #timer: Timer | null = null;

  constructor(runtime: Runtime, peer: Reconnectable) {
    this.#runtime = runtime;
    this.#peer = peer;
  }

  /** The peer is to be kept connected. */
  get isWanted(): boolean {
    return this.#wanted;
  }

  /** From now on; begins at once, or after a pause, unless the peer is connected. */
  keep(begin: 'at-once' | 'after-pause' = 'at-once'): void {
    this.#wanted = true;
    if (this.#peer.isConnected()) return;
    if (begin === 'at-once') this.#attempt();
    else if (!this.#attempting && this.#timer === null && !this.#isStopped) this.#pause();
  }

  /** What kept it from succeeding may be over: the next attempt waits no longer. */
  hurry(): void {
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    this.#pauseMs = PAUSE_MS_MIN;
    this.#attempt();
  }

  /** The connection was lost. */
  onLost(): void {
    if (!this.#wanted || this.#attempting || this.#timer !== null) return;
    if (this.#runtime.clock.nowMs() - this.#connectedAtMs < LASTING_MS) {
      this.#pause();
      return;
    }
    this.#pauseMs = PAUSE_MS_MIN;
    this.#attempt();
  }

  /** No more attempts after the present one; {@link Reconnector.keep} begins again. */
  release(): void {
    this.#wanted = false;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** For good. */
  stop(): void {
    this.release();
    this.#isStopped = true;
    this.#stopping?.abort();
  }

  #attempt(): void {
    if (this.#attempting || this.#timer !== null || this.#isStopped) return;
    this.#attempting = true;
    this.#stopping = new AbortController();
    const connected = this.#peer.connect({ timeoutMs: ATTEMPT_MS, signal: this.#stopping.signal });
    connected
      .then(
        () => {
          this.#connectedAtMs = this.#runtime.clock.nowMs();
        },
        () => {},
      )
      .then(() => {
        this.#attempting = false;
        this.#stopping = null;
        if (this.#wanted && !this.#peer.isConnected()) this.#pause();
      });
  }

  #pause(): void {
    const jittered = this.#pauseMs * (0.5 + this.#random());
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
    this.#timer = this.#runtime.setTimer(jittered, () => {
      this.#timer = null;
      this.#attempt();
    });
  }

  /** From 0 up to 1. */
  #random(): number {
    const [high = 0, low = 0] = this.#runtime.randomBytes(2);
    return (high * 256 + low) / 65_536;
  }
}
