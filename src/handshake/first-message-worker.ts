/** The module of a thread that reads message 1s; see {@link FirstMessages}. */
import { move, workerData } from 'piscina';
import { wipe } from '../identity/sodium.js';
import { type FirstMessage, solve } from './first-message.js';
import type { SharedKeys } from './first-messages.js';

/** What `solve` makes of a message; moved, so that no copy stays behind. */
export function run(first: FirstMessage): unknown {
  const keys = workerData as SharedKeys;
  // As long as it takes: what is shared is overwritten by its owner.
  const secretKey = Uint8Array.from(keys.secretKey);
  try {
    const solved = solve(first, { secretKey, publicKey: keys.publicKey });
    return solved === null ? null : move(solved);
  } finally {
    wipe(secretKey);
  }
}
