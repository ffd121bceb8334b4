import type { DiagnosticsPayloads } from '../../api/observing.js';
import type { PathRecord } from '../../engine/engine.js';
import type { Timer } from '../../engine/runtime.js';
import type { PeerContext } from '../../peer/index.js';
import type { Candidate } from './messages.js';

/** Candidates that are asked at a time. */
export const ASKED_AT_ONCE_MAX = 8;
/** How long candidates are asked: what opens routers on both sides is over by then. */
export const ROUND_MS = 2_000;
/** How long a question may wait for its answer. */
const ANSWER_MS = 5_000;

export type Outcome = DiagnosticsPayloads['osier:traversal']['outcome'];

/** A candidate of the peer's, and the way there. */
export interface CandidatePath {
  readonly path: PathRecord;
  readonly candidate: Candidate;
}

/** One attempt at a direct way: a question and its answer, and then the peer's candidates, asked side by side. */
export class Attempt {
  readonly beganAtMs: number;
  readonly #context: PeerContext;
  readonly #ask: (way: CandidatePath) => boolean;
  readonly #onOver: (outcome: Outcome) => void;
  #waiting: CandidatePath[] = [];
  #asked = 0;
  #timer: Timer;
  #onTimeout: Outcome = 'no-answer';
  #hasBegun = false;
  #isOver = false;

  /** `ask` begins to ask at a candidate; false: it cannot be asked now. */
  constructor(context: PeerContext, ask: (way: CandidatePath) => boolean, onOver: (outcome: Outcome) => void) {
    this.#context = context;
    this.beganAtMs = context.runtime.clock.nowMs();
    this.#ask = ask;
    this.#onOver = onOver;
    this.#timer = context.runtime.setTimer(ANSWER_MS, this.#onTimer);
  }

  /** Its question was not answered so far, and nothing is asked at candidates. */
  get isWaiting(): boolean {
    return !this.#hasBegun;
  }

  /** The peer's candidates are these; `otherwise`: the outcome when none of them answers in time. */
  begin(ways: readonly CandidatePath[], otherwise: Outcome): void {
    if (this.#isOver) return;
    this.#hasBegun = true;
    this.#onTimeout = otherwise;
    this.#waiting = [...ways];
    if (ways.length === 0) {
      this.end(otherwise);
      return;
    }
    this.#timer.cancel();
    this.#timer = this.#context.runtime.setTimer(ROUND_MS, this.#onTimer);
    this.#askNext();
  }

  /** One that was asked did not answer. */
  onUnanswered(): void {
    this.#asked--;
    this.#askNext();
  }

  end(outcome: Outcome): void {
    if (this.#isOver) return;
    this.stop();
    this.#onOver(outcome);
  }

  /** Without an outcome. */
  stop(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  readonly #onTimer = (): void => this.end(this.#onTimeout);

  #askNext(): void {
    while (!this.#isOver && this.#asked < ASKED_AT_ONCE_MAX) {
      const way = this.#waiting.shift();
      if (way === undefined) return;
      if (this.#ask(way)) this.#asked++;
    }
  }
}
