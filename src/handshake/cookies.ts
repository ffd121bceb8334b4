/**
 * The asker's side of cookies, by which a message 1 proves its sender's address to a node under load. `native/core/src/cookie.rs` gives them and
 * checks mac2.
 */
import { type NodeId, PUBLIC_KEY_BYTES, publicKeyOfNodeId } from '../identity/index.js';
import { blake2b, openXChaCha20Poly1305, wipe } from '../identity/sodium.js';
import { HandshakeFault, orFault } from './fault.js';
import { MAC_BYTES } from './mac1.js';
import { ATTEMPTS_KEPT, COOKIE_KEPT_MS } from './tuning.js';

const LABEL = new TextEncoder().encode('osier v1 cookie');
const NOBODY = new Uint8Array(PUBLIC_KEY_BYTES);

const TYPE = 2;
const REPLY_BYTES = 64;
const NONCE_OFFSET = 8;
const SEALED_OFFSET = 32;

/** Seals the cookies of `responder`; `null`: one who is not known yet. 32 bytes. */
export function cookieKeyOf(networkSecret: Uint8Array, responder: NodeId | null): Uint8Array {
  return blake2b(32, [LABEL, responder === null ? NOBODY : publicKeyOfNodeId(responder)], networkSecret);
}

/** Whether a datagram is a cookie reply by its type. */
export function isCookieReply(datagram: Uint8Array): boolean {
  return datagram[0] === TYPE;
}

/**
 * What a cookie reply came to. After 'cookie' the next message 1s prove this end's address. `again` is the message 1 that was answered, with mac2, to be
 * sent back there at once; `null` for one that was sent again already, or is not the newest.
 */
export type CookieOutcome =
  | { readonly status: 'cookie'; readonly again: Uint8Array | null }
  | { readonly status: 'ignored'; readonly fault: HandshakeFault };

/** The cookie of one responder, for the message 1s of one attempt to reach it. */
export class Cookies {
  readonly #key: Uint8Array;
  readonly #nowMs: () => number;
  /** mac1s of the message 1s that a reply may answer, newest first. */
  #sent: Uint8Array[] = [];
  /** The newest message 1, until it was sent again: once for each, so that no run of replies, forged by whoever else is in the network, makes a flood. */
  #repeatable: Uint8Array | null = null;
  #cookie: { readonly bytes: Uint8Array; readonly takenAtMs: number } | null = null;

  /** `nowMs` never goes back. */
  constructor(key: Uint8Array, nowMs: () => number) {
    this.#key = key;
    this.#nowMs = nowMs;
  }

  /** Puts mac2 into a message 1, where there is a cookie, and takes note of what a reply will answer. */
  stamp(message1: Uint8Array): void {
    const mac2Offset = message1.length - MAC_BYTES;
    this.#sent = [message1.slice(mac2Offset - MAC_BYTES, mac2Offset), ...this.#sent].slice(0, ATTEMPTS_KEPT);
    this.#repeatable = message1;
    this.#prove(message1);
  }

  /** Takes a cookie reply, which must answer one of the last message 1s. */
  receive(reply: Uint8Array): CookieOutcome {
    const again = orFault(() => this.#take(reply));
    return again instanceof HandshakeFault ? { status: 'ignored', fault: again } : { status: 'cookie', again };
  }

  /** Overwrites the cookie. */
  wipe(): void {
    if (this.#cookie !== null) wipe(this.#cookie.bytes);
    this.#cookie = null;
  }

  #prove(message1: Uint8Array): void {
    const cookie = this.#cookie;
    if (cookie === null || this.#nowMs() - cookie.takenAtMs >= COOKIE_KEPT_MS) return;
    const mac2Offset = message1.length - MAC_BYTES;
    message1.set(blake2b(MAC_BYTES, [message1.subarray(0, mac2Offset)], cookie.bytes), mac2Offset);
  }

  /** The message 1 to be sent again. */
  #take(reply: Uint8Array): Uint8Array | null {
    if (reply.length !== REPLY_BYTES || !isCookieReply(reply)) throw new HandshakeFault('malformed', 'The cookie reply has another length');
    const [nonce, sealed] = [reply.subarray(NONCE_OFFSET, SEALED_OFFSET), reply.subarray(SEALED_OFFSET)];
    for (const [age, mac1] of this.#sent.entries()) {
      const bytes = openXChaCha20Poly1305(this.#key, nonce, mac1, sealed);
      if (bytes === null) continue;
      this.#cookie = { bytes, takenAtMs: this.#nowMs() };
      return age === 0 ? this.#again() : null;
    }
    throw new HandshakeFault('unauthentic', 'The cookie reply answers none of the last calls');
  }

  #again(): Uint8Array | null {
    const again = this.#repeatable && Uint8Array.from(this.#repeatable);
    this.#repeatable = null;
    if (again !== null) this.#prove(again);
    return again;
  }
}
