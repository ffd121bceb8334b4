import { HandshakeFault, orFault } from './fault.js';
import { type NoiseHandshake, wipedOnFault } from './noise.js';
import { ATTEMPTS_KEPT } from './tuning.js';

/** The states after the last message 1s of an initiator, each of which may still be answered. */
export class SentHandshakes {
  /** Newest first. */
  #states: NoiseHandshake[] = [];

  /** Takes over `noise`; the oldest is wiped and forgotten where there are too many. */
  add(noise: NoiseHandshake): void {
    this.#states.unshift(noise);
    for (const forgotten of this.#states.splice(ATTEMPTS_KEPT)) forgotten.wipe();
  }

  /**
   * The payload of a message 2 to any of them, and the state after it, which is the caller's. Each is tried on a copy, so a forged one spoils nothing.
   * Throws {@link HandshakeFault} when it answers none.
   */
  open(message: Uint8Array): { readonly noise: NoiseHandshake; readonly payload: Uint8Array } {
    for (const sent of this.#states) {
      const noise = sent.clone();
      const payload = orFault(() => wipedOnFault(noise, () => noise.readMessage(message)));
      if (!(payload instanceof HandshakeFault)) return { noise, payload };
    }
    throw new HandshakeFault('unauthentic', 'The message answers none of the last calls');
  }

  /** Overwrites and forgets them all. */
  wipe(): void {
    for (const noise of this.#states) noise.wipe();
    this.#states = [];
  }
}
