const P = 2n ** 255n - 19n;
/** One of the two points of order 8; the other is its inverse. */
const ORDER_8 = 325606250916557431795983626356110631294008115727848805560023387167927233504n;

/** Every encoding of an X25519 public key of small order: little-endian, with and without the highest bit, reduced or not. */
export const SMALL_ORDER_KEYS: readonly Uint8Array[] = [0n, 1n, ORDER_8, inverse(ORDER_8), P - 1n, P, P + 1n].flatMap((u) => [
  littleEndian(u),
  littleEndian(u + 2n ** 255n),
]);

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}

/** By Fermat: u^(p - 2). */
function inverse(u: bigint): bigint {
  let [result, base] = [1n, u];
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}
