import type { Cipher } from './keys.js';
import type { NoiseHandshake } from './noise.js';
import { UNCONFIRMED_MAX, UNCONFIRMED_MS } from './tuning.js';

/** A join whose message 2 was sent. */
export interface OpenJoin {
  /** After message 2. */ readonly noise: NoiseHandshake;
  /** The caller's. */ readonly senderIndex: number;
  readonly cipher: Cipher;
  readonly token: Uint8Array;
  /** Of message 1. */ readonly digest: string;
  /** Message 2: the same packet again gets the same answer again. */ readonly answer: Uint8Array;
  readonly takenAtMs: number;
}

/** Joins that wait for message 3, bounded in time and number; the oldest is forgotten first. */
export class OpenJoins {
  /** By local index, oldest first. */
  readonly #joins = new Map<number, OpenJoin>();
  readonly #byDigest = new Map<string, OpenJoin>();
  readonly #onForgotten: (localIndex: number) => void;

  constructor(onForgotten: (localIndex: number) => void) {
    this.#onForgotten = onForgotten;
  }

  /** The join that waits at this index: a message 3 that was held back for longer finds none. */
  get(localIndex: number, nowMs: number): OpenJoin | null {
    this.#forgetExpired(nowMs);
    return this.#joins.get(localIndex) ?? null;
  }

  /** The join that a message 1 began. */
  find(digest: string, nowMs: number): OpenJoin | null {
    this.#forgetExpired(nowMs);
    return this.#byDigest.get(digest) ?? null;
  }

  add(localIndex: number, join: OpenJoin): void {
    this.#joins.set(localIndex, join);
    this.#byDigest.set(join.digest, join);
    if (this.#joins.size > UNCONFIRMED_MAX) this.#forgetOldest();
  }

  /** Removes a join that was completed, and overwrites its state; its index is the session's. */
  take(localIndex: number): void {
    const join = this.#joins.get(localIndex);
    if (join === undefined) return;
    this.#joins.delete(localIndex);
    this.#byDigest.delete(join.digest);
    join.noise.wipe();
  }

  #forgetExpired(nowMs: number): void {
    for (const { takenAtMs } of this.#joins.values()) {
      if (nowMs - takenAtMs < UNCONFIRMED_MS) return;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const [localIndex] = this.#joins.keys();
    if (localIndex === undefined) return;
    this.take(localIndex);
    this.#onForgotten(localIndex);
  }
}
