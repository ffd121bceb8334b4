import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import type { Threads } from './runtime.js';

/** Threads without work end after so long. */
const IDLE_MS = 5_000;

/** Threads of a pool that is made with the first task, and ends when it has been idle. */
class PooledThreads implements Threads {
  readonly #file: string;
  readonly #data: unknown;
  #pool: Promise<Piscina> | null = null;
  #running = 0;
  #idle: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(file: string, data: unknown) {
    this.#file = file;
    this.#data = data;
  }

  async run(task: unknown, moved: readonly ArrayBuffer[]): Promise<unknown> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#pool ??= this.#create();
    this.#running++;
    try {
      const pool = await this.#pool;
      if (this.#isClosed) throw new Error('the threads are closed');
      return await pool.run(task, { transferList: [...moved] });
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

  async #create(): Promise<Piscina> {
    // Not before it is needed: most programs never have that many peers at once.
    const { Piscina } = await import('piscina');
    // One is left to the program. The least is 1, not 0: a thread that crashes must have a successor for what waits.
    const maxThreads = Math.max(1, availableParallelism() - 1);
    const pool = new Piscina({ filename: this.#file, name: 'run', workerData: this.#data, minThreads: 1, maxThreads, recordTiming: false });
    // A thread that fails without a task cannot be started: what waits for one is told so.
    pool.on('error', () => void this.#end());
    return pool;
  }

  async #end(): Promise<void> {
    const ending = this.#pool;
    this.#pool = null;
    const pool = await ending?.catch(() => null);
    await pool?.destroy();
  }
}

/** See `createThreads` of the runtime. */
export function createThreads(module: URL, data: unknown): Threads | null {
  const file = fileURLToPath(module);
  return existsSync(file) ? new PooledThreads(file, data) : null;
}
