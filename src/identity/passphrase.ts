import { NETWORK_SECRET_BYTES } from './network-secret.js';
import { argon2id, blake2b, wipe } from './sodium.js';

/** Cost of one guess: libsodium's "moderate" limits, about a second and 256 MiB. Both are part of the secret: other values are another network. */
const PASSES = 3;
const MEMORY_BYTES = 256 * 2 ** 20;

/** All nodes of a network must come to the same secret without talking first, so the salt only tells this use from others. */
const SALT_LABEL = new TextEncoder().encode('osier v1 network passphrase');
const SALT_BYTES = 16;

/** The network secret of a passphrase: Argon2id of its UTF-8 in normal form C, so that it does not matter how accents were typed. */
export async function stretchPassphrase(passphrase: string): Promise<Uint8Array> {
  const secret = new Uint8Array(NETWORK_SECRET_BYTES);
  const password = new TextEncoder().encode(passphrase.normalize('NFC'));
  await argon2id(secret, password, blake2b(SALT_BYTES, [SALT_LABEL]), PASSES, MEMORY_BYTES);
  wipe(password);
  return secret;
}
