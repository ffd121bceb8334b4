/** From the two keys of Noise Split() to the keys of a session, one keyed BLAKE2b with a label of its own for each. */
import { blake2b, wipe } from '../identity/sodium.js';
import type { SplitKeys } from './noise.js';

/** The ciphers of data packets. */
export type Cipher = 'chacha20-poly1305' | 'aes-256-gcm';

/** The number of each cipher, in payloads and towards the engine. */
export const CIPHER_NUMBERS: Readonly<Record<Cipher, number>> = { 'chacha20-poly1305': 0, 'aes-256-gcm': 1 };

/** The cipher of a number; `null` for one that this version does not know. */
export function cipherOfNumber(number: number): Cipher | null {
  return number === 0 ? 'chacha20-poly1305' : number === 1 ? 'aes-256-gcm' : null;
}

/** The keys of one direction. */
export interface DirectionKeys {
  /** Seals data packets; 32 bytes. */ readonly data: Uint8Array;
  /** Authenticates the routing headers of relayed packets (SipHash-2-4); 16 bytes. */ readonly hopTag: Uint8Array;
}

/** The keys of a session, by the direction of the handshake. */
export interface TrafficKeys {
  readonly initiatorToResponder: DirectionKeys;
  readonly responderToInitiator: DirectionKeys;
}

/** The keys of a session under `cipher`, whose name is in every label. Wipes `split`. */
export function trafficKeys(split: SplitKeys, cipher: Cipher): TrafficKeys {
  const keys = {
    initiatorToResponder: directionKeys(split.initiatorToResponder, cipher, 'i->r'),
    responderToInitiator: directionKeys(split.responderToInitiator, cipher, 'r->i'),
  };
  wipe(split.initiatorToResponder, split.responderToInitiator);
  return keys;
}

function directionKeys(key: Uint8Array, cipher: Cipher, direction: 'i->r' | 'r->i'): DirectionKeys {
  const expand = (byteCount: number, use: string): Uint8Array => blake2b(byteCount, [Buffer.from(`osier v1 ${cipher} ${use} ${direction}`)], key);
  return { data: expand(32, 'data'), hopTag: expand(16, 'hop tag') };
}
