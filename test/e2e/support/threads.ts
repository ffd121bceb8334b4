/** Runtimes whose nodes read handshakes on real threads, from the modules of dist/. */
import type { Worker } from 'node:worker_threads';
import type { Runtime, Threads } from '../../../src/engine/runtime.js';
import { systemRuntime } from '../../../src/engine/system-runtime.js';
import { createThreads } from '../../../src/engine/system-threads.js';

/** The module that reads message 1s. */
export const READER = new URL('../../../dist/handshake/first-message-worker.js', import.meta.url);

/** Threads of this process that have begun and not ended. */
export const runningThreads = new Set<Worker>();
process.on('worker', (worker) => {
  runningThreads.add(worker);
  worker.once('exit', () => runningThreads.delete(worker));
});

/** The system's runtime, with another module on its threads. */
export class ThreadedRuntime implements Runtime {
  readonly clock = systemRuntime.clock;
  readonly wallClockMs = systemRuntime.wallClockMs;
  readonly setTimer = systemRuntime.setTimer;
  readonly atEndOfTick = systemRuntime.atEndOfTick;
  readonly randomBytes = systemRuntime.randomBytes;
  readonly resolve = systemRuntime.resolve;
  readonly machineAddresses = systemRuntime.machineAddresses;
  readonly createEngine = systemRuntime.createEngine;
  /** Handed to threads so far. */
  tasks = 0;
  /** The key that the threads share. */
  sharedKey: Uint8Array = Uint8Array.of(1);
  readonly #module: URL;

  constructor(module = READER) {
    this.#module = module;
  }

  createThreads(_module: URL, data: unknown): Threads {
    const threads = createThreads(this.#module, data);
    if (threads === null) throw new Error(`There is no ${this.#module}: npm run build`);
    this.sharedKey = (data as { readonly secretKey: Uint8Array } | null)?.secretKey ?? this.sharedKey;
    const run: Threads['run'] = (task, moved) => {
      this.tasks++;
      return threads.run(task, moved);
    };
    return { run, close: () => threads.close() };
  }
}
