// The bytes that a bulk transfer moves: a random block, repeated for ever. Both ends make it from one seed, so the receiver compares what arrives,
// byte by byte, with what belongs at that position, at the speed of memcmp. The block's length is a prime: data that is lost, repeated or moved by
// anything but whole blocks of it does not fit, and whole blocks would show in the total, which is compared as well.
import { createCipheriv } from 'node:crypto';

/** Length of the block, a prime near 1 MiB. */
export const BLOCK_BYTES = 1_048_573;

/** The largest range that is contiguous at every position. */
export const MAX_RANGE_BYTES = BLOCK_BYTES;

export class Pattern {
  /** Twice the block. */
  #bytes = (() => {
    const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16));
    const block = cipher.update(Buffer.alloc(BLOCK_BYTES));
    return Buffer.concat([block, block]);
  })();

  /** The `length` bytes from `position` on; a view.
   * @param {number} position @param {number} length */
  at(position, length) {
    const start = position % BLOCK_BYTES;
    return this.#bytes.subarray(start, start + length);
  }

  /** Whether `bytes` are those that belong at `position`.
   * @param {number} position @param {Uint8Array} bytes */
  matches(position, bytes) {
    for (let done = 0; done < bytes.length; done += MAX_RANGE_BYTES) {
      const part = bytes.subarray(done, done + MAX_RANGE_BYTES);
      const start = (position + done) % BLOCK_BYTES;
      if (this.#bytes.compare(part, 0, part.length, start, start + part.length) !== 0) return false;
    }
    return true;
  }
}
