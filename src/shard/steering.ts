import type { Runtime, Timer } from '../engine/runtime.js';
import { anyUnlessStuck } from './patience.js';
import type { ShardLink } from './shard-link.js';
import { SteeringOrder } from './steering-order.js';

/** A steering that was refused is tried again after this long. */
const RETRY_MS = 1_000;

/** Has the kernel steer by the present order of the shards' sockets. */
export class Steering {
  readonly #order = new SteeringOrder();
  readonly #runtime: Runtime;
  readonly #shards: () => readonly ShardLink[];
  readonly #onRefused: (cause: unknown) => void;
  #retry: Timer | null = null;
  /** Of attempts; only the latest one counts. */
  #attempt = 0;
  #isClosed = false;

  /** `shards`: those that run, any of which can have it done; none where there is nothing to be steered. */
  constructor(runtime: Runtime, shards: () => readonly ShardLink[], onRefused: (cause: unknown) => void) {
    this.#runtime = runtime;
    this.#shards = shards;
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
    const [shard] = this.#shards();
    await shard?.call('steer', { order: this.#order.positions });
  }

  /** Tries until it succeeds, telling of each refusal. Resolves after the first attempt. */
  async refresh(): Promise<void> {
    if (this.#isClosed) return;
    this.#retry?.cancel();
    const attempt = ++this.#attempt;
    try {
      await this.#applyByAny(attempt);
    } catch (cause) {
      if (attempt !== this.#attempt || this.#isClosed) return;
      this.#onRefused(cause);
      this.#retry = this.#runtime.setTimer(RETRY_MS, () => void this.refresh());
    }
  }

  /** By the first shard that is not stuck, as long as no other attempt has begun. */
  async #applyByAny(attempt: number): Promise<void> {
    const order = this.#order.positions;
    // One that answers late has had the kernel steer by an order that may be of the past.
    const late = (): void => void this.refresh();
    await anyUnlessStuck(this.#runtime, this.#shards(), async (shard, signal) => {
      if (attempt === this.#attempt) await shard.call('steer', { order }, signal, undefined, late);
    });
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }
}
