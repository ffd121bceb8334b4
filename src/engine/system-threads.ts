import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import type { Threads } from './runtime.js';

/** Threads without work end after so long. */
const IDLE_MS = 5_000;
/** Threads of one node at most, all its shards together, or one in each: a thread takes tens of MiB, and four read more message 1s than one thread of a
 *  node can follow up. */
const THREADS_MAX = 4;

/** Threads of a pool that is made with the first task, and ends when it has been idle. */
class PooledThreads implements Threads {
  readonly #file: string;
  readonly #data: unknown;
  readonly #shards: number;
  #pool: Promise<Piscina> | null = null;
  /** Why a pool ended before its time. */
  readonly #failures = new WeakMap<Promise<Piscina>, unknown>();
  #running = 0;
  #idle: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(file: string, data: unknown, shards: number) {
    this.#file = file;
    this.#shards = shards;
    this.#data = data;
  }

  async run(task: unknown, moved: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    const begun = this.#obtain();
    this.#running++;
    try {
      const pool = await begun;
      if (this.#isClosed) throw new Error('the threads are closed');
      return await pool.run(task, { transferList: [...moved] });
    } catch (error) {
      throw this.#failures.get(begun) ?? error;
    } finally {
      this.#running--;
      if (this.#running === 0 && !this.#isClosed) this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#idle !== null) clearTimeout(this.#idle);
    await this.#end();
  }

  #obtain(): Promise<Piscina> {
    if (this.#pool !== null) return this.#pool;
    const pool: Promise<Piscina> = this.#create((cause) => this.#fail(pool, cause));
    pool.catch((cause: unknown) => this.#fail(pool, cause));
    this.#pool = pool;
    return pool;
  }

  /** All that waits for it rejects with `cause`; what comes next begins another. */
  #fail(pool: Promise<Piscina>, cause: unknown): void {
    if (!this.#failures.has(pool)) this.#failures.set(pool, cause);
    if (this.#pool === pool) void this.#end();
  }

  async #create(onFailed: (cause: unknown) => void): Promise<Piscina> {
    // Not before it is needed: most programs never have that many peers at once.
    const { Piscina } = await import('piscina');
    // One is left to the program. The least is 1, not 0: a thread that crashes must have a successor for what waits.
    const maxThreads = Math.max(1, Math.floor(Math.min(THREADS_MAX, availableParallelism() - 1) / this.#shards));
    const pool = new Piscina({ filename: this.#file, name: 'run', workerData: this.#data, minThreads: 1, maxThreads, recordTiming: false });
    // A thread that fails without a task cannot be started: what waits for one is told so.
    pool.on('error', onFailed);
    return pool;
  }

  async #end(): Promise<void> {
    const ending = this.#pool;
    this.#pool = null;
    const pool = await ending?.catch(() => null);
    await pool?.destroy();
  }
}

/** See `createThreads` of the runtime. `shards` of a node do the same. */
export function createThreads(module: URL, data: unknown, shards = 1): Threads | null {
  const file = fileURLToPath(module);
  return existsSync(file) ? new PooledThreads(file, data, shards) : null;
}
