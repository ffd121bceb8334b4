import type { Runtime, Timer } from '../engine/runtime.js';
import { SteeringOrder } from './steering-order.js';

/** A steering that was refused is tried again after this long. */
const RETRY_MS = 1_000;

/** Has the kernel steer by the present order of the shards' sockets. */
export class Steering {
  readonly #order = new SteeringOrder();
  readonly #runtime: Runtime;
  readonly #steer: (order: readonly number[]) => Promise<unknown>;
  readonly #onRefused: (cause: unknown) => void;
  #retry: Timer | null = null;
  /** Of attempts; only the latest one counts. */
  #attempt = 0;
  #isClosed = false;

  constructor(runtime: Runtime, steer: (order: readonly number[]) => Promise<unknown>, onRefused: (cause: unknown) => void) {
    this.#runtime = runtime;
    this.#steer = steer;
    this.#onRefused = onRefused;
  }

  /** A shard has bound its sockets, the last so far. */
  bound(shard: number): void {
    this.#order.add(shard);
  }

  /** A shard's sockets are closed. Returns whether it had bound them. */
  gone(shard: number): boolean {
    return this.#order.remove(shard);
  }

  /** Rejects when that is refused. */
  async apply(): Promise<void> {
    await this.#steer(this.#order.positions);
  }

  /** Tries until it succeeds, telling of each refusal. Resolves after the first attempt. */
  async refresh(): Promise<void> {
    if (this.#isClosed) return;
    this.#retry?.cancel();
    const attempt = ++this.#attempt;
    try {
      await this.apply();
    } catch (cause) {
      if (attempt !== this.#attempt || this.#isClosed) return;
      this.#onRefused(cause);
      this.#retry = this.#runtime.setTimer(RETRY_MS, () => void this.refresh());
    }
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }
}
