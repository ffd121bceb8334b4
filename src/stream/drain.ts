import type { CloseReport } from '../api/waiting.js';
import type { AssociationStream } from './association-stream.js';

/** Calls back once after a time; returns how to call that off. */
export type StartTimer = (delayMs: number, callback: () => void) => { cancel(): void };

/** How long a drain goes on: to the earliest of the ends that were asked for. */
export class Patience {
  readonly #startTimer: StartTimer;
  readonly #timers: { cancel(): void }[] = [];
  readonly #over: Promise<void>;
  #end: () => void = () => {};
  #isOver = false;

  constructor(startTimer: StartTimer, timeoutMs: number) {
    this.#startTimer = startTimer;
    this.#over = new Promise((resolve) => {
      this.#end = () => {
        this.#isOver = true;
        for (const timer of this.#timers) timer.cancel();
        resolve();
      };
    });
    this.shorten(timeoutMs);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The drain ends `timeoutMs` from now, unless it ends before that. 0: at once. */
  shorten(timeoutMs: number): void {
    if (timeoutMs === 0) this.#end();
    else if (!this.#isOver) this.#timers.push(this.#startTimer(timeoutMs, this.#end));
  }

  /** Waits for `done`, or for the end of patience. */
  async wait(done: Promise<unknown>): Promise<void> {
    await Promise.race([done, this.#over]);
    this.#end();
  }
}

/** Waits for streams to end in both directions; what is left when patience ends is given to `cut`, which must end it. */
export async function drainStreams<S extends Pick<AssociationStream, 'closed' | 'stats'>>(
  streams: Iterable<S>,
  patience: Patience,
  cut: (stream: S) => void,
): Promise<CloseReport> {
  const open = new Set(streams);
  const allClosed = Promise.all([...open].map((stream) => stream.closed.then(() => open.delete(stream))));
  if (open.size === 0) patience.shorten(0);
  if (!patience.isOver) await patience.wait(allClosed);
  if (open.size === 0) return { status: 'drained' };
  let unacknowledgedBytes = 0n;
  for (const stream of open) {
    unacknowledgedBytes += BigInt(stream.stats().sendBufferedBytes);
    cut(stream);
  }
  return { status: 'cut', streams: open.size, unacknowledgedBytes };
}
