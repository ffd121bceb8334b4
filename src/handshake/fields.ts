/**
 * The form of a handshake payload: fields one after another, each a type (u8), a length (u16, little-endian) and that many bytes. Fields of unknown
 * types are passed over, so that a later minor change can add some. A known type comes once.
 */
import { HandshakeFault } from './fault.js';

const HEADER_BYTES = 3;

/** Filling, to be passed over. Its bytes are zero. */
const PADDING = 0;

/** A field's type and bytes. */
export type Field = readonly [type: number, bytes: Uint8Array];

/** The fields one after another, and padding up to `paddedBytes` where they are shorter. At most 2 bytes longer: a padding field has a header. */
export function encodeFields(fields: readonly Field[], paddedBytes = 0): Uint8Array {
  const length = fields.reduce((sum, [, bytes]) => sum + HEADER_BYTES + bytes.length, 0);
  const missing = paddedBytes - length;
  const all: Field[] = missing > 0 ? [...fields, [PADDING, new Uint8Array(Math.max(missing - HEADER_BYTES, 0))]] : [...fields];
  const parts = all.flatMap(([type, bytes]) => [Uint8Array.of(type, bytes.length & 0xff, bytes.length >> 8), bytes]);
  return Buffer.concat(parts);
}

/** The fields of `payload` whose types are `known`, as views of it. Throws {@link HandshakeFault} 'malformed'. */
export function decodeFields(payload: Uint8Array, known: ReadonlySet<number>): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  for (let offset = 0; offset < payload.length; ) {
    const [type = 0, low, high] = payload.subarray(offset, offset + HEADER_BYTES);
    if (low === undefined || high === undefined) throw malformed('ends within the head of a field');
    const start = offset + HEADER_BYTES;
    offset = start + low + 256 * high;
    if (offset > payload.length) throw malformed(`ends within field ${type}`);
    if (!known.has(type)) continue;
    if (fields.has(type)) throw malformed(`has field ${type} twice`);
    fields.set(type, payload.subarray(start, offset));
  }
  return fields;
}

function malformed(problem: string): HandshakeFault {
  return new HandshakeFault('malformed', `The handshake payload ${problem}`);
}
