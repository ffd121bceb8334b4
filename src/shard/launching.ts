import { nodeClosed } from '../peer/index.js';
import type { StartedShard } from './boot.js';
import { shardNotStarted } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/** What becomes of a launch: one of these. */
export interface LaunchListener {
  onStarted(shard: ShardLink, started: StartedShard): void;
  /** Its thread has ended. */
  onFailed(shard: ShardLink): void;
}

/** Shards on their way to running. */
export class Launching {
  readonly #starting = new Set<ShardLink>();
  /** Settles when the shards so far are bound: the kernel's order of their sockets is the order in which they are asked for. */
  #bound: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Those that are neither running nor given up. */
  get starting(): readonly ShardLink[] {
    return [...this.#starting];
  }

  /** Starts a shard. Rejects when it did not start: its thread has ended by then. */
  async launch(index: number, make: () => ShardLink, listener: LaunchListener): Promise<void> {
    const shard = await this.#bind(make);
    try {
      const started = await shard.started;
      if (!shard.isRunning) throw shardNotStarted(index, 'its thread ended');
      listener.onStarted(shard, started);
    } catch (error) {
      await shard.terminate();
      listener.onFailed(shard);
      throw error;
    } finally {
      this.#starting.delete(shard);
    }
  }

  /** Ends those that are starting; no other one starts. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.starting.map((shard) => shard.terminate()));
  }

  /** One after another: a shard that has bound its sockets, or never will. */
  #bind(make: () => ShardLink): Promise<ShardLink> {
    const bound = this.#bound.then(async () => {
      if (this.#isClosed) throw nodeClosed(null);
      const shard = make();
      this.#starting.add(shard);
      await shard.bound;
      return shard;
    });
    this.#bound = bound.catch(() => {});
    return bound;
  }
}
