import type { StreamPort } from './stream-port.js';

/** What one crossing brings at most; a longer message comes by itself. Large enough for the crossing to cost little beside the copies. */
const SCRATCH_BYTES = 64 * 1024;
const SCRATCH_MESSAGES = 512;

/** {@link StreamPort.readMessages}: the first message is longer than what it was to be copied into. */
const TOO_LONG = -2;

/**
 * Small messages that come together lie in one allocation of up to this many bytes, as those of Node's buffer pool do: an allocation for each costs more than
 * all else about it, and whoever keeps one message keeps no more than this.
 */
const SLAB_BYTES = 8 * 1024;

/** Shared by all streams of this thread: nothing stays in them. */
const scratch = new Uint8Array(SCRATCH_BYTES);
const lengths = new Uint32Array(SCRATCH_MESSAGES);

/** Appends what one crossing brings to `messages`, each in an array of its own. Returns how many; 0: none is there; -1: the end, or a dead handle. */
export function readMessages(port: StreamPort, messages: Uint8Array[]): number {
  const count = port.readMessages(scratch, lengths);
  if (count === TOO_LONG) return readLong(port, messages, lengths[0] ?? 0);
  for (let index = 0, start = 0; index < count; ) {
    const slab = slabFrom(index, count);
    cut(scratch.slice(start, start + slab.byteCount), index, slab.end, messages);
    start += slab.byteCount;
    index = slab.end;
  }
  return count;
}

/** Of the messages from `index` on, those that share an allocation: one at least. */
function slabFrom(index: number, count: number): { readonly end: number; readonly byteCount: number } {
  let byteCount = lengths[index] ?? 0;
  let end = index + 1;
  while (end < count && byteCount + (lengths[end] ?? 0) <= SLAB_BYTES) byteCount += lengths[end++] ?? 0;
  return { end, byteCount };
}

/** Appends the messages from `index` to `end`, which fill `slab`. */
function cut(slab: Uint8Array, index: number, end: number, messages: Uint8Array[]): void {
  let start = 0;
  for (let at = index; at < end; at++) {
    const next = start + (lengths[at] ?? 0);
    messages.push(slab.subarray(start, next));
    start = next;
  }
}

/** One message, straight into the array that its reader will own. */
function readLong(port: StreamPort, messages: Uint8Array[], byteCount: number): number {
  const message = new Uint8Array(byteCount);
  const count = port.readMessages(message, lengths.subarray(0, 1));
  if (count === 1) messages.push(message);
  return count;
}
