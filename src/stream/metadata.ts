/**
 * Metadata of a stream on the wire: for each entry the length of the key (u16, little-endian), the key, the length of the value (u16), the value;
 * both UTF-8. At most {@link METADATA_BYTES_MAX} in all, no key twice.
 */
import { invalidOption } from '../errors/index.js';

/** Bound of the wire on the encoded metadata of a stream. */
export const METADATA_BYTES_MAX = 1024;

const EMPTY: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/** Encodes `metadata`; throws INVALID_OPTION when it is too large or not text. */
export function encodeMetadata(metadata: Readonly<Record<string, string>> | undefined): Uint8Array {
  if (metadata === undefined) return new Uint8Array(0);
  if (typeof metadata !== 'object' || metadata === null) throw invalidOption('metadata', 'must be an object of strings');
  const parts: Buffer[] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') throw invalidOption('metadata', `must hold strings only, not a ${typeof value} under '${key}'`);
    parts.push(...lengthPrefixed(key), ...lengthPrefixed(value));
  }
  const encoded = Buffer.concat(parts);
  if (encoded.length > METADATA_BYTES_MAX) throw invalidOption('metadata', `must fit ${METADATA_BYTES_MAX} bytes, not ${encoded.length}`);
  return encoded;
}

/** Decodes what a peer sent; `null` when it is malformed. The result has no prototype: any key is an own one. */
export function decodeMetadata(bytes: Uint8Array): Readonly<Record<string, string>> | null {
  if (bytes.length === 0) return EMPTY;
  if (bytes.length > METADATA_BYTES_MAX) return null;
  const text = new TextDecoder('utf-8', { fatal: true });
  const metadata: Record<string, string> = Object.create(null);
  let at = 0;
  const next = (): string => {
    const end = at + 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
    if (end > bytes.length) throw new RangeError('truncated');
    const part = text.decode(bytes.subarray(at + 2, end));
    at = end;
    return part;
  };
  try {
    while (at < bytes.length) {
      const key = next();
      if (key in metadata) return null;
      metadata[key] = next();
    }
  } catch {
    return null;
  }
  return Object.freeze(metadata);
}

function lengthPrefixed(text: string): [Buffer, Buffer] {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(Math.min(bytes.length, 0xffff));
  return [length, bytes];
}
