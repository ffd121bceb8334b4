/**
 * The libsodium functions that identity and handshake use, with types: `sodium-native` has none. Output buffers come first, as in libsodium.
 * A function that fails throws.
 */
import sodium from 'sodium-native';

/** Fills `into` with random bytes of the system. */
export function randomFill(into: Uint8Array): void {
  sodium.randombytes_buf(into);
}

/** BLAKE2b (RFC 7693) of `parts` joined, without a key, as long as `into`, which may be one of them. */
export function blake2bInto(into: Uint8Array, parts: readonly Uint8Array[]): void {
  sodium.crypto_generichash_batch(into, parts);
}

/** BLAKE2b (RFC 7693) of `parts` joined, `byteCount` (16 to 64) bytes long, keyed where `key` (16 to 64 bytes) is given. */
export function blake2b(byteCount: number, parts: readonly Uint8Array[], key?: Uint8Array): Uint8Array {
  const hash = new Uint8Array(byteCount);
  sodium.crypto_generichash_batch(hash, parts, key);
  return hash;
}

/** Whether two byte strings of one length are equal, in constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && sodium.sodium_memcmp(a, b);
}

/** Overwrites secrets that are no longer needed. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) sodium.sodium_memzero(secret);
}

/** An Ed25519 key pair (RFC 8032) from its 32-byte seed; the secret key is seed and public key, 64 bytes. */
export function signingKeysOfSeed(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array } {
  const publicKey = new Uint8Array(32);
  const secretKey = new Uint8Array(64);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return { publicKey, secretKey };
}

/** The Ed25519 signature (RFC 8032), 64 bytes, of `message` by a secret key of 64 bytes. */
export function signDetached(message: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const signature = new Uint8Array(64);
  sodium.crypto_sign_detached(signature, message, secretKey);
  return signature;
}

/** Whether 64 bytes are the Ed25519 signature of `message` by the owner of `publicKey`. Keys and points that are not canonical, or of small order, have none. */
export function isSignature(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  return sodium.crypto_sign_verify_detached(signature, message, publicKey);
}

/** The X25519 form of an Ed25519 public key. Throws for one that is not the canonical encoding of a point of the prime-order group. */
export function exchangePublicKeyOf(signingPublicKey: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32);
  sodium.crypto_sign_ed25519_pk_to_curve25519(publicKey, signingPublicKey);
  return publicKey;
}

/** The X25519 form of an Ed25519 secret key of 64 bytes. */
export function exchangeSecretKeyOf(signingSecretKey: Uint8Array): Uint8Array {
  const secretKey = new Uint8Array(32);
  sodium.crypto_sign_ed25519_sk_to_curve25519(secretKey, signingSecretKey);
  return secretKey;
}

/** Argon2id version 1.3 (RFC 9106) on a thread of its own: fills `into` from a password and 16 bytes of salt. */
export async function argon2id(into: Uint8Array, password: Uint8Array, salt: Uint8Array, passes: number, memoryBytes: number): Promise<void> {
  await sodium.crypto_pwhash_async(into, password, salt, passes, memoryBytes, sodium.crypto_pwhash_ALG_ARGON2ID13);
}

/** The X25519 public key of a secret key (RFC 7748). */
export function exchangePublicKeyOfSecret(secretKey: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(32);
  sodium.crypto_scalarmult_base(publicKey, secretKey);
  return publicKey;
}

/** What was sealed with XChaCha20-Poly1305, tag behind it; `null` when it or the associated data is not authentic. */
export function openXChaCha20Poly1305(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const opened = new Uint8Array(sealed.length - 16);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(opened, null, sealed, associatedData, nonce, key);
    return opened;
  } catch {
    return null;
  }
}
