import { createHash } from 'node:crypto';

/**
 * The one source of chance: xoshiro128** (Blackman and Vigna), seeded by SHA-256 of a seed and a label, so that every user of chance has numbers of its own
 * and none shifts those of another. Not for secrets.
 */
export class SeededRandom {
  readonly #state: Uint32Array;

  constructor(seed: string, label: string) {
    const digest = createHash('sha256').update(seed).update('\0').update(label).digest();
    this.#state = Uint32Array.from([0, 4, 8, 12], (at) => digest.readUInt32LE(at));
    // The one state that leads nowhere.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** From 0 to 1, without 1. */
  next(): number {
    return this.#word() / 2 ** 32;
  }

  /** True with probability `rate`. Draws nothing where there is no choice. */
  chance(rate: number): boolean {
    return rate > 0 && (rate >= 1 || this.next() < rate);
  }

  /** A whole number from 0 to `bound`, without `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  bytes(byteCount: number): Uint8Array {
    return Uint8Array.from({ length: byteCount }, () => this.#word() >>> 24);
  }

  #word(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const result = Math.imul(rotated(Math.imul(b, 5), 7), 9) >>> 0;
    const [c1, d1] = [c ^ a, d ^ b];
    this.#state[1] = b ^ c1;
    this.#state[0] = a ^ d1;
    this.#state[2] = c1 ^ (b << 9);
    this.#state[3] = rotated(d1, 11);
    return result;
  }
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
