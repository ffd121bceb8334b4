import type { StreamKind } from '../api/streams.js';

/** Stream kinds by their number on the wire. */
export const STREAM_KINDS: readonly StreamKind[] = ['bytes', 'messages', 'datagrams'];

/** The number of a kind on the wire. */
export function kindNumber(kind: StreamKind): number {
  return STREAM_KINDS.indexOf(kind);
}

/** The kind of a number on the wire. */
export function kindOf(number: number): StreamKind | undefined {
  return STREAM_KINDS[number];
}
