/** What a node takes from the world around it: time, randomness, names and an engine. Handed in, so that a whole node can run on a virtual network. */
import type { Clock } from '../api/waiting.js';
import type { BatchListener, Engine, EngineConfig } from './engine.js';

/** A timer that has not fired. */
export interface Timer {
  cancel(): void;
}

/** An IP address in text, with its zone where it has one. */
export interface ResolvedAddress {
  readonly host: string;
  readonly family: 4 | 6;
}

/** How long a session is used before another takes its place, by what this end was in its handshake. */
export interface RekeyIntervals {
  readonly initiatorMs: number;
  readonly responderMs: number;
}

/** Threads that run one module. */
export interface Threads {
  /**
   * What the module's function `run` makes of `task`, on the next thread that is free. The buffers of `moved` are nowhere else after that. Rejects when the
   * thread ends or the module cannot be loaded, with one and the same error for all tasks that this costs; after {@link Threads.close}, always.
   */
  run(task: unknown, moved: readonly ArrayBuffer[]): Promise<unknown>;
  /** Resolves when all threads have ended; what they were at rejects. */
  close(): Promise<void>;
}

/** See the file's head. */
export interface Runtime {
  readonly clock: Clock;
  /** Milliseconds since 1970, which may jump. */
  wallClockMs(): number;
  /** Calls back once, after `delayMs` (at least). Delays beyond the platform's longest are kept. */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Calls back after the present run of promise callbacks, before any I/O. */
  atEndOfTick(callback: () => void): void;
  randomBytes(byteCount: number): Uint8Array;
  /** Every address of a name; an address in text is its own only one. Rejects with the resolver's error. */
  resolve(host: string): Promise<readonly ResolvedAddress[]>;
  /** Addresses of this machine that others may reach; those of the loopback where there are no others. */
  machineAddresses(): readonly ResolvedAddress[];
  /** Others than the usual ones, for tests. */
  readonly rekeyIntervals?: RekeyIntervals | undefined;
  /**
   * Threads for a module, each of which gets `data`; they begin and end by need, and keep no process alive. `null` where there is no such file. Absent
   * where everything is to happen on one thread.
   */
  readonly createThreads?: ((module: URL, data: unknown) => Threads | null) | undefined;
  /** Signed bytes that were found good, by their names; all nodes of a simulation share one. Absent: each node has its own. */
  readonly signatures?: { has(key: string): boolean; add(key: string): void } | undefined;
  createEngine(config: EngineConfig, listener: BatchListener): Engine;
}
