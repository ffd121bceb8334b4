import { blake2b } from './sodium.js';

/** Signed byte strings that are remembered as good; some 100 bytes each. */
export const VERIFIED_MAX = 16_384;

/** What was found good, by the names that {@link signedKey} gives. */
export interface SignatureMemory {
  has(key: string): boolean;
  add(key: string): void;
}

/** Names signed bytes together with the label and the key that they are signed under. */
export function signedKey(label: Uint8Array, publicKey: Uint8Array, signed: Uint8Array): string {
  return Buffer.from(blake2b(32, [label, publicKey, signed]).buffer).toString('latin1');
}

/**
 * Signed byte strings that were found good, by their content. Nothing in it depends on who found it: all nodes of a process, or of a simulation, may
 * share one. The oldest is forgotten first; what was found bad is never remembered, so that nobody can fill it with that.
 */
export class VerifiedSignatures implements SignatureMemory {
  readonly #good = new Set<string>();
  readonly #max: number;

  constructor(max = VERIFIED_MAX) {
    this.#max = max;
  }

  has(key: string): boolean {
    return this.#good.has(key);
  }

  add(key: string): void {
    if (this.#good.has(key)) return;
    if (this.#good.size >= this.#max) {
      const [oldest] = this.#good;
      if (oldest !== undefined) this.#good.delete(oldest);
    }
    this.#good.add(key);
  }
}
