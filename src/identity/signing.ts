/** Byte strings that carry their signature: the last 64 bytes sign a label, which says what kind of bytes they are, and all bytes before. */
import { isSignature } from './sodium.js';
import { type SignatureMemory, signedKey } from './verified-signatures.js';

/** Bytes of a signature. */
export const SIGNATURE_BYTES = 64;

/** What a kind of signed bytes is told from all others by: none is the beginning of another. */
export type SigningLabel = Uint8Array & { readonly __osier: 'SigningLabel' };

/** The label of one kind of signed bytes. */
export function signingLabel(kind: 'announcement' | 'statement'): SigningLabel {
  return new TextEncoder().encode(`osier v1 ${kind}`) as SigningLabel;
}

/** What is signed of `body`. */
export function signedMessage(label: SigningLabel, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(label.length + body.length);
  message.set(label);
  message.set(body, label.length);
  return message;
}

/** Whether the owner of `publicKey` signed `signed`. What is in `verified` is not computed again, and what is good goes in there. */
export function isSigned(label: SigningLabel, signed: Uint8Array, publicKey: Uint8Array, verified?: SignatureMemory): boolean {
  if (signed.length < SIGNATURE_BYTES) return false;
  const key = verified === undefined ? '' : signedKey(label, publicKey, signed);
  if (verified?.has(key)) return true;
  const body = signed.subarray(0, signed.length - SIGNATURE_BYTES);
  const isGood = isSignature(signed.subarray(body.length), signedMessage(label, body), publicKey);
  if (isGood) verified?.add(key);
  return isGood;
}
