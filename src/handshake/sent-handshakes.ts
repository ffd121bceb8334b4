import { HandshakeFault, orFault } from './fault.js';
import { type NoiseHandshake, wipedOnFault } from './noise.js';
import { ATTEMPTS_KEPT } from './tuning.js';

interface SentHandshake {
  readonly noise: NoiseHandshake;
  readonly attempt: number;
}

/** The states after the last message 1s of an initiator, each of which may still be answered. */
export class SentHandshakes {
  /** Newest first. */
  #sent: SentHandshake[] = [];

  /** Takes over `noise`, of the `attempt`th message 1; the oldest is wiped and forgotten where there are too many. */
  add(noise: NoiseHandshake, attempt: number): void {
    this.#sent.unshift({ noise, attempt });
    for (const forgotten of this.#sent.splice(ATTEMPTS_KEPT)) forgotten.noise.wipe();
  }

  /**
   * The payload of a message 2 to any of them, which one, and the state after it, which is the caller's. Each is tried on a copy, so a forged one spoils nothing.
   * Throws {@link HandshakeFault} when it answers none.
   */
  open(message: Uint8Array): SentHandshake & { readonly payload: Uint8Array } {
    for (const { noise: sent, attempt } of this.#sent) {
      const noise = sent.clone();
      const payload = orFault(() => wipedOnFault(noise, () => noise.readMessage(message)));
      if (!(payload instanceof HandshakeFault)) return { noise, attempt, payload };
    }
    throw new HandshakeFault('unauthentic', 'The message answers none of the last calls');
  }

  /** Overwrites and forgets them all. */
  wipe(): void {
    for (const { noise } of this.#sent) noise.wipe();
    this.#sent = [];
  }
}
