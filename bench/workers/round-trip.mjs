// One message there and back over a stream.

/** Resolves when as many bytes came back as went.
 * @param {import('../contestants/link.mjs').Stream} stream @param {Uint8Array} question @param {Uint8Array} answer Takes what comes back. */
export async function roundTrip(stream, question, answer) {
  const written = stream.write(question);
  if (written !== undefined) await written;
  for (let length = 0; length < question.length; ) {
    const chunk = await stream.read();
    if (chunk === null) throw new Error('the stream ended');
    answer.set(chunk, length);
    length += chunk.length;
  }
}
