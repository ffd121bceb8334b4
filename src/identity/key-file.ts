/**
 * The text of a key file: three lines, each ended by a line feed.
 *
 * ```
 * osier-key-v1
 * id <the public key, 52 characters of base32>
 * seed <the Ed25519 seed, 52 characters of base32>
 * ```
 *
 * The id follows from the seed: it is there for people, and as the checksum.
 */
import { decodeBase32, encodeBase32 } from './base32.js';

const SEED_BYTES = 32;

/** What a key file says. Whether id and seed belong together is for the reader to check. */
export interface KeyFileContent {
  readonly id: string;
  readonly seed: Uint8Array;
}

/** The text of a key. */
export function formatKeyFile(id: string, seed: Uint8Array): string {
  return `osier-key-v1\nid ${id}\nseed ${encodeBase32(seed)}\n`;
}

/** What `text` says; `null` when it is not a key file to the letter. */
export function parseKeyFile(text: string): KeyFileContent | null {
  const [, id = '', spelled = ''] = /^osier-key-v1\nid ([a-z2-7]{52})\nseed ([a-z2-7]{52})\n$/.exec(text) ?? [];
  const seed = decodeBase32(spelled, SEED_BYTES);
  return seed === null ? null : { id, seed };
}
