/** Encodings whose points have small order, by RFC 7748 §5 without the highest bit: 0, 1, both of order 8, p - 1, p, p + 1 with p = 2^255 - 19. */
const SMALL_ORDER = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** Whether an X25519 public key agrees with every secret on zeros. Of public keys alone: its time depends on them. */
export function hasSmallOrder(publicKey: Uint8Array): boolean {
  const withoutSign = Uint8Array.from(publicKey);
  withoutSign[31] = (withoutSign[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(Buffer.from(withoutSign).toString('hex'));
}
