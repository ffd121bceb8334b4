/** The module of a thread that verifies signatures; see {@link SignatureChecks}. */
import { isSigned, type SigningLabel } from '../../identity/index.js';

/** Signed bytes and whose they should be. */
export interface SignedItem {
  readonly label: SigningLabel;
  readonly publicKey: Uint8Array;
  readonly signed: Uint8Array;
}

/** One byte for each item: 1 where it is signed. */
export function run(items: readonly SignedItem[]): Uint8Array {
  return Uint8Array.from(items, ({ label, publicKey, signed }) => (isSigned(label, signed, publicKey) ? 1 : 0));
}
