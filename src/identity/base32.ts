/**
 * Base32 of RFC 4648 §6, lower-case and without padding, as node ids and secrets are written. Strict: one text for each byte string, so that two
 * texts that differ are two different keys.
 */

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));

/** The characters that `byteCount` bytes take. */
export function base32Length(byteCount: number): number {
  return Math.ceil((byteCount * 8) / 5);
}

/** The text of `bytes`. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    pendingBits += 8;
    while (pendingBits >= 5) {
      pendingBits -= 5;
      text += ALPHABET.charAt((pending >> pendingBits) & 31);
    }
    pending &= (1 << pendingBits) - 1;
  }
  return pendingBits === 0 ? text : text + ALPHABET.charAt((pending << (5 - pendingBits)) & 31);
}

/** The `byteCount` bytes of `text`; `null` for another length, a character outside the alphabet, or spare bits that are not zero. */
export function decodeBase32(text: string, byteCount: number): Uint8Array | null {
  if (text.length !== base32Length(byteCount)) return null;
  const bytes = new Uint8Array(byteCount);
  let filled = 0;
  let pending = 0;
  let pendingBits = 0;
  for (const character of text) {
    const value = VALUES.get(character);
    if (value === undefined) return null;
    pending = (pending << 5) | value;
    pendingBits += 5;
    if (pendingBits >= 8) {
      pendingBits -= 8;
      bytes[filled++] = pending >> pendingBits;
      pending &= (1 << pendingBits) - 1;
    }
  }
  return pending === 0 ? bytes : null;
}
