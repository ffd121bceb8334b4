import { RETRY_FACTOR, RETRY_FIRST_MS, RETRY_JITTER, RETRY_MAX_MS } from './tuning.js';

/**
 * How long to wait for an answer to the `attempt`th message 1 (from 1) before sending the next, in milliseconds. `random` is two unpredictable
 * bytes.
 */
export function retryDelayMs(attempt: number, random: Uint8Array): number {
  const delayMs = Math.min(RETRY_FIRST_MS * RETRY_FACTOR ** (attempt - 1), RETRY_MAX_MS);
  const [high = 0, low = 0] = random;
  const share = (256 * high + low) / 65_535;
  return delayMs * (1 - RETRY_JITTER + 2 * RETRY_JITTER * share);
}
