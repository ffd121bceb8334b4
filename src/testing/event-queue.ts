/** What will happen on a virtual network, in its order: by time, then as it was asked for. */

/** Something that has not happened. */
export interface SimEvent {
  readonly atMicros: number;
  readonly happen: () => void;
  isCancelled: boolean;
}

interface Entry extends SimEvent {
  readonly sequence: number;
}

/** A binary heap of events. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #sequence = 0;

  add(atMicros: number, happen: () => void): SimEvent {
    const entry: Entry = { atMicros, happen, sequence: this.#sequence++, isCancelled: false };
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
    return entry;
  }

  /** Takes the next event that was not cancelled. */
  take(): SimEvent | null {
    for (;;) {
      const first = this.#heap[0];
      const last = this.#heap.pop();
      if (first === undefined || last === undefined) return null;
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#siftDown();
      }
      if (!first.isCancelled) return first;
    }
  }

  #siftUp(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  #siftDown(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = this.#isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    const [below, above] = [this.#heap[lower], this.#heap[upper]];
    if (below === undefined || above === undefined || !this.#isEarlier(lower, upper)) return false;
    this.#heap[upper] = below;
    this.#heap[lower] = above;
    return true;
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.sequence < b.sequence);
  }
}
