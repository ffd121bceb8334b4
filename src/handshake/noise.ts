/**
 * The Noise handshakes behind one small interface: `Noise_IK_25519_ChaChaPoly_BLAKE2b` and `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b` (Noise
 * specification revision 34, §7.5 and §9), by the package `noise-handshake` on libsodium.
 */
import type { ExchangeKeys } from '../identity/index.js';
import { HandshakeFault } from './fault.js';
import { CopyableState } from './noise-state.js';

/** Bytes that IK adds to the payload of message 1: `e`, the sealed static key, the payload's tag. */
export const IK_MESSAGE_1_OVERHEAD = 32 + 48 + 16;
/** Bytes that IK adds to the payload of message 2: `e`, the payload's tag. */
export const IK_MESSAGE_2_OVERHEAD = 32 + 16;
/** Bytes that XXpsk0 adds to the payload of message 1: `e`, the payload's tag. */
export const XX_MESSAGE_1_OVERHEAD = 32 + 16;
/** Bytes that XXpsk0 adds to the payload of message 2: `e`, the sealed static key, the payload's tag. */
export const XX_MESSAGE_2_OVERHEAD = 32 + 48 + 16;
/** Bytes that XXpsk0 adds to the payload of message 3: the sealed static key, the payload's tag. */
export const XX_MESSAGE_3_OVERHEAD = 48 + 16;

/** The two keys of Split(), 32 bytes each. */
export interface SplitKeys {
  readonly initiatorToResponder: Uint8Array;
  readonly responderToInitiator: Uint8Array;
}

/** One end of one handshake. A failed read or write leaves it unusable: try on a {@link NoiseHandshake.clone}. */
export interface NoiseHandshake {
  /** An independent copy. */
  clone(): NoiseHandshake;
  /** The next message, with `payload` sealed in it. */
  writeMessage(payload: Uint8Array): Uint8Array;
  /** The payload of the next message. Throws {@link HandshakeFault} 'unauthentic'. */
  readMessage(message: Uint8Array): Uint8Array;
  /** The other end's static X25519 key, as soon as it is known. */
  readonly remoteStatic: Uint8Array | null;
  /** The keys, once, after the last message; the state is wiped. */
  split(): SplitKeys;
  /** Overwrites the secrets of a handshake that leads nowhere. */
  wipe(): void;
}

/** What one end brings to every handshake. */
export interface NoiseOptions {
  readonly prologue: Uint8Array;
  readonly localStatic: ExchangeKeys;
  /** 32 fresh random bytes; taken over and wiped. */ readonly ephemeralSecret: Uint8Array;
}

/** The end of IK that sends message 1, to the owner of `remoteStatic`. */
export function ikInitiator(options: NoiseOptions & { readonly remoteStatic: Uint8Array }): NoiseHandshake {
  return new LibraryHandshake(CopyableState.start('IK', true, options, options.remoteStatic), true);
}

/** The end of IK that answers. */
export function ikResponder(options: NoiseOptions): NoiseHandshake {
  return new LibraryHandshake(CopyableState.start('IK', false, options), false);
}

/** What one end brings to an XXpsk0 handshake. */
export interface XxOptions extends NoiseOptions {
  /** 32 bytes that both ends know. */ readonly psk: Uint8Array;
}

/** The end of XXpsk0 that sends messages 1 and 3. */
export function xxInitiator(options: XxOptions): NoiseHandshake {
  return new LibraryHandshake(CopyableState.start('XXpsk0', true, options), true);
}

/** The end of XXpsk0 that sends message 2. */
export function xxResponder(options: XxOptions): NoiseHandshake {
  return new LibraryHandshake(CopyableState.start('XXpsk0', false, options), false);
}

/** A {@link NoiseHandshake} around a state that is there already. */
export function responderAround(state: CopyableState): NoiseHandshake {
  return new LibraryHandshake(state, false);
}

/** What `read` makes of a handshake, which is wiped when that throws. */
export function wipedOnFault<T>(noise: NoiseHandshake, read: () => T): T {
  try {
    return read();
  } catch (error) {
    noise.wipe();
    throw error;
  }
}

class LibraryHandshake implements NoiseHandshake {
  readonly #state: CopyableState;
  readonly #isInitiator: boolean;

  constructor(state: CopyableState, isInitiator: boolean) {
    this.#state = state;
    this.#isInitiator = isInitiator;
  }

  get remoteStatic(): Uint8Array | null {
    return this.#state.rs;
  }

  clone(): NoiseHandshake {
    return new LibraryHandshake(this.#state.copy(), this.#isInitiator);
  }

  writeMessage(payload: Uint8Array): Uint8Array {
    return this.#state.send(payload);
  }

  readMessage(message: Uint8Array): Uint8Array {
    try {
      // A copy: the library keeps views of what it reads, and wipes them in the end.
      return this.#state.recv(Uint8Array.from(message));
    } catch (cause) {
      throw new HandshakeFault('unauthentic', 'The Noise message does not decrypt', { cause });
    }
  }

  split(): SplitKeys {
    const { tx, rx } = this.#state;
    if (tx === null || rx === null) throw new Error('split() before the last message, or twice');
    const [first, second] = this.#isInitiator ? [tx, rx] : [rx, tx];
    const keys = { initiatorToResponder: Uint8Array.from(first), responderToInitiator: Uint8Array.from(second) };
    this.wipe();
    return keys;
  }

  wipe(): void {
    this.#state.wipe();
  }
}
