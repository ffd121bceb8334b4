import type { NetworkSecret } from '../api/node.js';
import { invalidOption } from '../errors/index.js';
import { decodeBase32, encodeBase32 } from './base32.js';
import { blake2b, randomFill } from './sodium.js';

/** Bytes of a network secret. */
export const NETWORK_SECRET_BYTES = 32;

const PREFIX = 'osn1';
const CHECKSUM_BYTES = 3;
const CHECKSUM_LABEL = new TextEncoder().encode('osier v1 network secret text');

/** Makes a network secret from 32 random bytes. */
export function generateNetworkSecret(): Uint8Array {
  const secret = new Uint8Array(NETWORK_SECRET_BYTES);
  randomFill(secret);
  return secret;
}

/**
 * A secret as text, as `osier keygen --network` prints it: `osn1`, then 56 characters of base32 that hold the secret and 3 bytes of checksum.
 * Errors (thrown): INVALID_OPTION for another length than 32 bytes.
 */
export function formatNetworkSecret(secret: Uint8Array): string {
  const bytes = new Uint8Array(NETWORK_SECRET_BYTES + CHECKSUM_BYTES);
  bytes.set(parseNetworkSecret(secret, 'secret'));
  bytes.set(checksumOf(secret), NETWORK_SECRET_BYTES);
  return PREFIX + encodeBase32(bytes);
}

/** The bytes of a secret, copied. Errors (thrown): INVALID_OPTION with the name `option`; the message never shows the secret. */
export function parseNetworkSecret(secret: NetworkSecret, option: string): Uint8Array {
  if (typeof secret === 'string') return secretOfText(secret, option);
  if (!(secret instanceof Uint8Array)) throw invalidOption(option, 'must be 32 bytes, or their text as `osier keygen --network` prints it');
  if (secret.length !== NETWORK_SECRET_BYTES) throw invalidOption(option, `must have ${NETWORK_SECRET_BYTES} bytes, not ${secret.length}`);
  return Uint8Array.from(secret);
}

function secretOfText(text: string, option: string): Uint8Array {
  const lower = text.trim().toLowerCase();
  const bytes = lower.startsWith(PREFIX) ? decodeBase32(lower.slice(PREFIX.length), NETWORK_SECRET_BYTES + CHECKSUM_BYTES) : null;
  if (bytes === null) {
    throw invalidOption(option, `must be a text as \`osier keygen --network\` prints it, '${PREFIX}' and 56 characters; a passphrase is none`);
  }
  const secret = bytes.slice(0, NETWORK_SECRET_BYTES);
  const isIntact = Buffer.compare(checksumOf(secret), bytes.subarray(NETWORK_SECRET_BYTES)) === 0;
  if (!isIntact) throw invalidOption(option, 'was mistyped: its checksum is wrong');
  return secret;
}

function checksumOf(secret: Uint8Array): Uint8Array {
  return blake2b(32, [CHECKSUM_LABEL, secret]).subarray(0, CHECKSUM_BYTES);
}
