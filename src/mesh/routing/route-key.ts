/** RouteIds as keys of maps. */

/** A RouteId as a string of eight characters, one for each byte: made in less time than hexadecimal text or a bigint. Not for people. */
export type RouteKey = string & { readonly __brand: 'RouteKey' };

const ROUTE_ID_BYTES = 8;

/** The key of the RouteId at `offset`; there must be 8 bytes. */
export function routeKey(bytes: Uint8Array, offset = 0): RouteKey {
  if (bytes.length < offset + ROUTE_ID_BYTES) throw new RangeError(`a RouteId has ${ROUTE_ID_BYTES} bytes`);
  return String.fromCharCode(
    bytes[offset] ?? 0,
    bytes[offset + 1] ?? 0,
    bytes[offset + 2] ?? 0,
    bytes[offset + 3] ?? 0,
    bytes[offset + 4] ?? 0,
    bytes[offset + 5] ?? 0,
    bytes[offset + 6] ?? 0,
    bytes[offset + 7] ?? 0,
  ) as RouteKey;
}

/** The RouteId of a key. */
export function routeIdOfKey(key: RouteKey): Uint8Array {
  return Uint8Array.from(key, (character) => character.charCodeAt(0));
}
