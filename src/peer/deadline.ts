import type { TimedWaitOptions } from '../api/waiting.js';
import type { Runtime, Timer } from '../engine/runtime.js';
import type { OsierError } from '../errors/index.js';
import { durationOption, signalOption } from '../errors/option-checks.js';

/** Default of everything that waits for the network. */
export const WAIT_TIMEOUT_MS = 15_000;

/** Counts `timeoutMs` down: the function returns what is left, whole and at least 1; always 0 where that is without end. */
export function countdown({ clock }: Pick<Runtime, 'clock'>, timeoutMs: number): () => number {
  const startMs = clock.nowMs();
  return () => (timeoutMs === 0 ? 0 : Math.max(1, Math.ceil(timeoutMs - (clock.nowMs() - startMs))));
}

/** One signal for both ends of patience: the caller's own signal, and a time-out. */
export class Deadline {
  /** Aborts with the caller's reason, or with a TIMEOUT error. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly #controller = new AbortController();
  readonly #callers: AbortSignal | undefined;
  readonly #timer: Timer | null;

  /** Checks the options. `timedOut` makes the error of the time-out. */
  constructor(runtime: Runtime, options: TimedWaitOptions | undefined, timedOut: (timeoutMs: number) => OsierError) {
    const timeoutMs = durationOption('timeoutMs', options?.timeoutMs, WAIT_TIMEOUT_MS);
    this.#callers = signalOption(options?.signal);
    this.timeoutMs = timeoutMs;
    this.signal = this.#controller.signal;
    this.#callers?.addEventListener('abort', this.#onAbort, { once: true });
    this.#timer = timeoutMs === 0 ? null : runtime.setTimer(timeoutMs, () => this.#controller.abort(timedOut(timeoutMs)));
    if (this.#callers?.aborted) this.#onAbort();
  }

  /** No longer needed. */
  dispose(): void {
    this.#timer?.cancel();
    this.#callers?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#callers?.reason);
}
