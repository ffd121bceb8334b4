import type { Runtime, Timer } from '../engine/runtime.js';
import { RestartPace } from './restart-pace.js';

/** Starts shards that died again, each at its own pace, until that succeeds. */
export class Restarts {
  readonly #runtime: Runtime;
  readonly #launch: (index: number) => Promise<void>;
  readonly #onFailed: (index: number, cause: unknown) => void;
  readonly #paces = new Map<number, RestartPace>();
  readonly #startedAtMs = new Map<number, number>();
  readonly #timers = new Set<Timer>();
  #isClosed = false;

  constructor(runtime: Runtime, launch: (index: number) => Promise<void>, onFailed: (index: number, cause: unknown) => void) {
    this.#runtime = runtime;
    this.#launch = launch;
    this.#onFailed = onFailed;
  }

  onStarted(index: number): void {
    this.#startedAtMs.set(index, this.#runtime.clock.nowMs());
  }

  onDied(index: number): void {
    this.#schedule(index, this.#runtime.clock.nowMs() - (this.#startedAtMs.get(index) ?? 0));
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
  }

  #schedule(index: number, livedMs: number): void {
    if (this.#isClosed) return;
    const pace = this.#paces.get(index) ?? new RestartPace();
    this.#paces.set(index, pace);
    const timer = this.#runtime.setTimer(pace.next(livedMs), () => {
      this.#timers.delete(timer);
      this.#launch(index).catch((cause: unknown) => {
        if (this.#isClosed) return;
        this.#onFailed(index, cause);
        this.#schedule(index, 0);
      });
    });
    this.#timers.add(timer);
  }
}
