/** HKDF of the Noise specification (revision 34, §4.3), with HMAC-BLAKE2b-512. */
import { blake2bInto, wipe } from '../identity/sodium.js';

/** Bytes of a hash, of a chaining key, and of each output. */
const HASH_BYTES = 64;
/** Bytes that BLAKE2b takes in at once, and up to which HMAC pads its key. */
const BLOCK_BYTES = 128;

/** Four bytes of padding at once. */
const INNER_PAD = 0x3636_3636;
const OUTER_PAD = 0x5c5c_5c5c;

// Memory of all calls, one after another: what a key leaves here is overwritten before the call returns. Behind the key both blocks are padding alone.
const key = new Uint8Array(HASH_BYTES);
const inner = new Uint8Array(BLOCK_BYTES);
const outer = new Uint8Array(BLOCK_BYTES);
const [keyWords, innerWords, outerWords] = [wordsOf(key), wordsOf(inner).fill(INNER_PAD), wordsOf(outer).fill(OUTER_PAD)];

const [FIRST, SECOND, THIRD] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];

/** Two outputs of 64 bytes. `chainingKey`: 64 bytes. */
export function hkdf2(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array): readonly [Uint8Array, Uint8Array] {
  extract(chainingKey, inputKeyMaterial);
  const first = hmac([FIRST]);
  const outputs = [first, hmac([first, SECOND])] as const;
  forget();
  return outputs;
}

/** Three outputs, the first two as {@link hkdf2} has them. */
export function hkdf3(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  extract(chainingKey, inputKeyMaterial);
  const first = hmac([FIRST]);
  const second = hmac([first, SECOND]);
  const outputs = [first, second, hmac([second, THIRD])] as const;
  forget();
  return outputs;
}

/** Makes what the outputs are made with the key of {@link hmac}. */
function extract(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array): void {
  key.set(chainingKey);
  useKey();
  hmac([inputKeyMaterial], key);
  useKey();
}

function forget(): void {
  wipe(key);
  useKey();
}

function useKey(): void {
  for (let at = 0; at < keyWords.length; at++) {
    const word = keyWords[at] ?? 0;
    innerWords[at] = word ^ INNER_PAD;
    outerWords[at] = word ^ OUTER_PAD;
  }
}

/** HMAC of `parts` joined, under the key in use. */
function hmac(parts: readonly Uint8Array[], into = new Uint8Array(HASH_BYTES)): Uint8Array {
  blake2bInto(into, [inner, ...parts]);
  blake2bInto(into, [outer, into]);
  return into;
}

function wordsOf({ buffer }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer);
}
