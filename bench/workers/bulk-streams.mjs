// Both directions of a bulk stream.
import { Pattern } from '../lib/pattern.mjs';

export const WRITE_BYTES = 65_536;

const pattern = new Pattern();

/** Reads to the end, comparing every byte; returns how many came.
 * @param {import('../contestants/link.mjs').Stream} stream @param {(count: number) => void} onBytes */
export async function receiveVerified(stream, onBytes) {
  let bytes = 0;
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
    if (!pattern.matches(bytes, chunk)) throw new Error(`the bytes from ${bytes} on are not those that were sent`);
    bytes += chunk.length;
    onBytes(chunk.length);
  }
  return bytes;
}

/** Sends until it is told to stop, and ends the stream; returns how many bytes went.
 * @param {import('../contestants/link.mjs').Stream} stream @param {() => boolean} isStopped */
export async function sendUntil(stream, isStopped) {
  let bytes = 0;
  while (!isStopped()) {
    await stream.write(pattern.at(bytes, WRITE_BYTES));
    bytes += WRITE_BYTES;
  }
  await stream.end();
  return bytes;
}

/** Sends so many bytes and ends the stream.
 * @param {import('../contestants/link.mjs').Stream} stream @param {number} byteCount */
export async function sendBytes(stream, byteCount) {
  for (let sent = 0; sent < byteCount; ) {
    const bytes = pattern.at(sent, Math.min(WRITE_BYTES, byteCount - sent));
    await stream.write(bytes);
    sent += bytes.length;
  }
  await stream.end();
}
