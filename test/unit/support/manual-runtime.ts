import type { ResolvedAddress, Runtime, Timer } from '../../../src/engine/runtime.js';

/** A runtime whose time moves when the test says so. */
export class ManualRuntime implements Runtime {
  nowMs = 0;
  readonly names = new Map<string, readonly string[]>();
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  readonly clock = { nowMs: (): number => this.nowMs, sleep: (): Promise<void> => Promise.reject(new Error('not here')) };

  /** Timers that have not fired. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on, firing what becomes due in its order, and lets promises settle before and after each. */
  async advance(durationMs: number): Promise<void> {
    await settle();
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.nowMs = endMs;
    await settle();
  }

  readonly setTimer = (delayMs: number, callback: () => void): Timer => {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };

  async resolve(host: string): Promise<readonly ResolvedAddress[]> {
    const found = this.names.get(host);
    if (found === undefined) throw new Error(`no such host: ${host}`);
    return found.map((address) => ({ host: address, family: 4 }));
  }

  wallClockMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  atEndOfTick(callback: () => void): void {
    queueMicrotask(callback);
  }

  randomBytes(byteCount: number): Uint8Array {
    return new Uint8Array(byteCount).fill(128);
  }

  machineAddresses(): readonly ResolvedAddress[] {
    return [];
  }

  createEngine(): never {
    throw new Error('not here');
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
