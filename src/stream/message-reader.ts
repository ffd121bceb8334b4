import type { StreamPort } from './stream-port.js';

/** What one crossing brings at most; a longer message comes by itself. Large enough for the crossing to cost little beside the copies. */
const SCRATCH_BYTES = 64 * 1024;
const SCRATCH_MESSAGES = 1_024;

/** {@link StreamPort.readMessages}: the first message is longer than what it was to be copied into. */
const TOO_LONG = -2;

/** Shared by all streams of this thread: nothing stays in them. */
const scratch = new Uint8Array(SCRATCH_BYTES);
const lengths = new Uint32Array(SCRATCH_MESSAGES);

/** Appends what one crossing brings to `messages`, each in an array of its own. Returns how many; 0: none is there; -1: the end, or a dead handle. */
export function readMessages(port: StreamPort, messages: Uint8Array[]): number {
  const count = port.readMessages(scratch, lengths);
  if (count === TOO_LONG) return readLong(port, messages, lengths[0] ?? 0);
  let start = 0;
  for (let index = 0; index < count; index++) {
    const end = start + (lengths[index] ?? 0);
    messages.push(scratch.slice(start, end));
    start = end;
  }
  return count;
}

/** One message, straight into the array that its reader will own. */
function readLong(port: StreamPort, messages: Uint8Array[], byteCount: number): number {
  const message = new Uint8Array(byteCount);
  const count = port.readMessages(message, lengths.subarray(0, 1));
  if (count === 1) messages.push(message);
  return count;
}
