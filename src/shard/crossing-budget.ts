/** How much may be on its way between the threads of a node: for each stream and direction, and in all. */

/** For each stream and direction, while there is plenty: the next message comes within a millisecond, 2 Gbit/s need this. */
export const CROSSING_WINDOW_BYTES = 256 * 1024;

/** The same when there is nothing left: as the smallest ring of an engine, whatever the budget says, so that nobody stands still for others. */
export const CROSSING_WINDOW_BYTES_MIN = 4 * 1024;

/** The part of `limits.memoryBytes` that is for what crosses: one in so many bytes. At its default, a hundred streams have whole windows each way. */
export const CROSSING_PART = 8;

/** One direction of a stream takes one in so many of the bytes that are free: the first get all they can use, later ones less. */
const FREE_PART = 4;

/** `limits.memoryBytes`, divided. */
export interface MemoryParts {
  /** Of all engines together. */
  readonly engines: number;
  /** On its way to the shards. */
  readonly toShards: number;
  /** On its way from the shards, of all together. */
  readonly fromShards: number;
}

/** See {@link MemoryParts}. */
export function memoryPartsOf(memoryBytes: number): MemoryParts {
  const crossing = Math.floor(memoryBytes / CROSSING_PART);
  const toShards = Math.floor(crossing / 2);
  return { engines: memoryBytes - crossing, toShards, fromShards: crossing - toShards };
}

/** What all streams of a thread that sends to another may have under way together. Above the limit only by what each must have to go on. */
export class CrossingBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes under way. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What one direction of a stream may have under way now. */
  get windowBytes(): number {
    const part = Math.floor((this.#limitBytes - this.#usedBytes) / FREE_PART);
    return Math.max(CROSSING_WINDOW_BYTES_MIN, Math.min(CROSSING_WINDOW_BYTES, part));
  }

  take(byteCount: number): void {
    this.#usedBytes += byteCount;
  }

  giveBack(byteCount: number): void {
    this.#usedBytes -= byteCount;
  }
}

/**
 * What one direction of a stream has under way, counted where it is sent. It is given back as the other thread takes it: who finds no room has something
 * under way, and goes on with that, however much the others hold.
 */
export class CrossingWindow {
  readonly #budget: CrossingBudget;
  #usedBytes = 0;
  #isClosed = false;

  constructor(budget: CrossingBudget) {
    this.#budget = budget;
  }

  get room(): number {
    return Math.max(0, this.#budget.windowBytes - this.#usedBytes);
  }

  /** Nothing is under way. */
  get isEmpty(): boolean {
    return this.#usedBytes === 0;
  }

  take(byteCount: number): void {
    if (this.#isClosed) return;
    this.#usedBytes += byteCount;
    this.#budget.take(byteCount);
  }

  giveBack(byteCount: number): void {
    if (this.#isClosed) return;
    this.#usedBytes -= byteCount;
    this.#budget.giveBack(byteCount);
  }

  /** What is under way is awaited no more. */
  close(): void {
    this.giveBack(this.#usedBytes);
    this.#isClosed = true;
  }
}
