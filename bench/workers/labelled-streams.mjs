// Streams of one connection that do different work say which by their first byte.

/** @typedef {import('../contestants/link.mjs').Stream} Stream */

export const BULK = 1;
export const ECHO = 2;

/** @param {Stream} stream @param {number} label */
export async function labelled(stream, label) {
  await stream.write(Uint8Array.of(label));
  return stream;
}

/** The label of a stream, and the stream without it.
 * @param {Stream} stream @returns {Promise<{ label: number, stream: Stream }>} */
export async function readLabel(stream) {
  const first = await stream.read();
  if (first === null) throw new Error('a stream ended before its label');
  const [label = 0] = first;
  let rest = first.subarray(1);
  const read = async () => {
    if (rest.length === 0) return stream.read();
    const bytes = rest;
    rest = rest.subarray(rest.length);
    return bytes;
  };
  return { label, stream: { write: stream.write, end: stream.end, read } };
}
