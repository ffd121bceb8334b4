// Counts what happens between the end of a warm-up and the end of a measurement.
import { performance } from 'node:perf_hooks';

export class MeasuredSpan {
  #startMs;
  #endMs;
  /** @type {{ atMs: number, count: number, cpu: NodeJS.CpuUsage } | null} */
  #begun = null;
  #isOver = false;

  /** @param {{ warmUpMs: number, measureMs: number }} plan */
  constructor({ warmUpMs, measureMs }) {
    this.#startMs = performance.now() + warmUpMs;
    this.#endMs = this.#startMs + measureMs;
  }

  get hasBegun() {
    return this.#begun !== null;
  }

  /** Tells the running total; the result once, with the first total after the end.
   * @param {number} count @returns {{ count: number, micros: number, cpuMicros: number } | null} */
  update(count) {
    const nowMs = performance.now();
    if (this.#begun === null) {
      if (nowMs >= this.#startMs) this.#begun = { atMs: nowMs, count, cpu: process.cpuUsage() };
      return null;
    }
    if (this.#isOver || nowMs < this.#endMs) return null;
    this.#isOver = true;
    const { user, system } = process.cpuUsage(this.#begun.cpu);
    return { count: count - this.#begun.count, micros: (nowMs - this.#begun.atMs) * 1_000, cpuMicros: user + system };
  }
}
