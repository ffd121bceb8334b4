import type { Runtime, Timer } from '../engine/runtime.js';
import { nodeClosed } from '../peer/index.js';
import type { StartedShard } from './boot.js';
import { shardNotStarted } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/**
 * A shard that has not started after this long is ended: its module's `register()` does not settle, or its thread is stuck. Long enough for a module that
 * reads files or calls a database on a busy machine.
 */
export const START_PATIENCE_MS = 60_000;

/** What becomes of a launch: one of these. */
export interface LaunchListener {
  onStarted(shard: ShardLink, started: StartedShard): void;
  /** Its thread has ended. */
  onFailed(shard: ShardLink): void;
}

/** Shards on their way to running. */
export class Launching {
  readonly #runtime: Runtime;
  readonly #starting = new Set<ShardLink>();
  /** Those that took too long. */
  readonly #late = new WeakSet<ShardLink>();
  /** Settles when the shards so far are bound: the kernel's order of their sockets is the order in which they are asked for. */
  #bound: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Those that are neither running nor given up. */
  get starting(): readonly ShardLink[] {
    return [...this.#starting];
  }

  /** Starts a shard. Rejects when it did not start: its thread has ended by then. */
  async launch(index: number, make: () => ShardLink, listener: LaunchListener): Promise<void> {
    const { shard, patience } = await this.#bind(make);
    try {
      const started = await shard.started;
      if (!shard.isRunning) throw shardNotStarted(index, 'its thread ended');
      listener.onStarted(shard, started);
    } catch (error) {
      await shard.terminate();
      listener.onFailed(shard);
      throw this.#late.has(shard) ? shardNotStarted(index, tooLate()) : error;
    } finally {
      patience.cancel();
      this.#starting.delete(shard);
    }
  }

  /** Ends those that are starting; no other one starts. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.starting.map((shard) => shard.terminate()));
  }

  /** One after another: a shard that has bound its sockets, or never will. */
  #bind(make: () => ShardLink): Promise<{ readonly shard: ShardLink; readonly patience: Timer }> {
    const bound = this.#bound.then(async () => {
      if (this.#isClosed) throw nodeClosed(null);
      const shard = make();
      this.#starting.add(shard);
      const patience = this.#runtime.setTimer(START_PATIENCE_MS, () => {
        this.#late.add(shard);
        void shard.terminate();
      });
      await shard.bound;
      return { shard, patience };
    });
    this.#bound = bound.catch(() => {});
    return bound;
  }
}

function tooLate(): string {
  return `it was not ready within ${START_PATIENCE_MS / 1_000} s: 'register' of its module has not settled, or its thread is stuck`;
}
