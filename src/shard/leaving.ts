/** What a stream of this thread sends, until the end of the tick takes it to the shard. */
import { gathered, givable, MESSAGE_OVERHEAD_BYTES, type MessageBatch } from './crossing.js';
import { type CrossingBudget, CrossingWindow } from './crossing-budget.js';

/** A small array is copied into one of this size, with those that follow it in the same tick. */
const GATHER_BYTES = 16 * 1024;

/** Gathers copies of arrays, each small one behind the one before it. */
class Gathering {
  #parts: Uint8Array[] = [];
  /** Room behind the small ones that were gathered last. */
  #room: Uint8Array = new Uint8Array(0);
  #filled = 0;
  #byteCount = 0;

  get byteCount(): number {
    return this.#byteCount;
  }

  add(bytes: Uint8Array): void {
    this.#byteCount += bytes.length;
    if (bytes.length >= GATHER_BYTES) {
      this.#closeRoom();
      const copy = givable(bytes.length);
      copy.set(bytes);
      this.#parts.push(copy);
      return;
    }
    if (bytes.length > this.#room.length - this.#filled) {
      this.#closeRoom();
      // The first of a tick is often the only one.
      this.#room = givable(this.#parts.length === 0 ? bytes.length : GATHER_BYTES);
    }
    this.#room.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  /** All of it, in one array that can be given to another thread. */
  take(): Uint8Array {
    this.#closeRoom();
    const all = gathered(this.#parts, this.#byteCount);
    this.#parts = [];
    this.#byteCount = 0;
    return all;
  }

  #closeRoom(): void {
    if (this.#filled > 0) this.#parts.push(this.#filled === this.#room.length ? this.#room : this.#room.subarray(0, this.#filled));
    this.#room = new Uint8Array(0);
    this.#filled = 0;
  }
}

/** Bytes that leave: as many as the window has room for. */
export class LeavingBytes {
  readonly #gathering = new Gathering();
  readonly #window: CrossingWindow;

  constructor(budget: CrossingBudget) {
    this.#window = new CrossingWindow(budget);
  }

  /** Accepts what there is room for; returns how much. */
  add(bytes: Uint8Array): number {
    const accepted = Math.min(bytes.length, this.#window.room);
    if (accepted === 0) return 0;
    this.#window.take(accepted);
    this.#gathering.add(bytes.subarray(0, accepted));
    return accepted;
  }

  /** What was gathered; `null` when that is nothing. */
  take(): Uint8Array | null {
    return this.#gathering.byteCount === 0 ? null : this.#gathering.take();
  }

  giveBack(byteCount: number): void {
    this.#window.giveBack(byteCount);
  }

  /** Nothing of it is awaited any more. */
  close(): void {
    this.#window.close();
  }
}

/** Messages that leave, each whole: one that is longer than the window when nothing else is on its way. */
export class LeavingMessages {
  readonly #gathering = new Gathering();
  readonly #window: CrossingWindow;
  #heads: number[] = [];

  constructor(budget: CrossingBudget) {
    this.#window = new CrossingWindow(budget);
  }

  /** Whether it was accepted. `deadline`: when it expires, by `sharedMicros`; 0: never. */
  add(bytes: Uint8Array, options: number, deadline: number, token: number): boolean {
    const cost = bytes.length + MESSAGE_OVERHEAD_BYTES;
    if (cost > this.#window.room && !this.#window.isEmpty) return false;
    this.#window.take(cost);
    this.#gathering.add(bytes);
    this.#heads.push(bytes.length, options, deadline, token);
    return true;
  }

  take(): MessageBatch | null {
    if (this.#heads.length === 0) return null;
    const heads = Float64Array.from(this.#heads);
    this.#heads = [];
    return { bytes: this.#gathering.take(), heads };
  }

  giveBack(byteCount: number): void {
    this.#window.giveBack(byteCount);
  }

  /** Nothing of it is awaited any more. */
  close(): void {
    this.#window.close();
  }
}
