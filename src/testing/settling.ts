/** When a program waits: nothing of it can run before virtual time moves on. */
import { setTimeout as afterRealMs, setImmediate as nextImmediate } from 'node:timers/promises';
import { loadAddon } from '../engine/load-addon.js';

/** Between two looks at work that other threads do. */
const LOOK_AGAIN_MS = 1;

/** Immediates of {@link settled} itself: several networks may run at once. */
let ownImmediates = 0;

/**
 * Resolves when every promise that can settle has done so: when no callback of a promise or tick is left (they run before an immediate does), no immediate
 * was asked for, and libuv works on nothing, such as a file, a name, or a passphrase that is being stretched in its thread pool.
 */
export async function settled(): Promise<void> {
  const { pendingRequests } = loadAddon();
  for (;;) {
    ownImmediates++;
    await nextImmediate();
    ownImmediates--;
    if (pendingRequests() > 0) await afterRealMs(LOOK_AGAIN_MS);
    else if (immediates() <= ownImmediates) return;
  }
}

function immediates(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length;
}
