/** A shard that lived this long is started again at once; one that died sooner, after a pause that doubles up to a bound. */
const LASTING_MS = 10_000;
const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 30_000;

/** How soon a shard that died is started again. */
export class RestartPace {
  #pauseMs = 0;

  /** The pause before the next start, after a life of `livedMs`. */
  next(livedMs: number): number {
    if (livedMs >= LASTING_MS) this.#pauseMs = 0;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(Math.max(2 * pauseMs, PAUSE_MS_MIN), PAUSE_MS_MAX);
    return pauseMs;
  }
}
