/** Things that are due a fixed time after they were added, the first one first. */
export class FifoDeadlines<T> {
  readonly #delayMs: number;
  readonly #dueMs = new Map<T, number>();

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  get size(): number {
    return this.#dueMs.size;
  }

  has(item: T): boolean {
    return this.#dueMs.has(item);
  }

  /** One that is there keeps its time. */
  add(item: T, nowMs: number): void {
    if (!this.#dueMs.has(item)) this.#dueMs.set(item, nowMs + this.#delayMs);
  }

  delete(item: T): void {
    this.#dueMs.delete(item);
  }

  /** The one that is there for the longest. */
  get oldest(): T | undefined {
    for (const item of this.#dueMs.keys()) return item;
    return undefined;
  }

  /** When the first is due; `Infinity`: there is none. */
  get nextAtMs(): number {
    for (const dueMs of this.#dueMs.values()) return dueMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Removes and returns what is due. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (const [item, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) break;
      this.#dueMs.delete(item);
      due.push(item);
    }
    return due;
  }
}
