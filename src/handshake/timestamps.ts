/** The timestamps of a node's message 1s: microseconds since 1970 as far as its clock knows, each larger than the one before. Kept nowhere. */
export class Timestamps {
  readonly #wallClockMs: () => number;
  #last = 0n;

  /** `wallClockMs` may jump, also backwards. */
  constructor(wallClockMs: () => number) {
    this.#wallClockMs = wallClockMs;
  }

  next(): bigint {
    const nowMicros = BigInt(Math.max(0, Math.floor(this.#wallClockMs() * 1000)));
    this.#last = nowMicros > this.#last ? nowMicros : this.#last + 1n;
    return this.#last;
  }
}
