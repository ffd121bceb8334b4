// Echo.

/** Sends back what it reads, to the end.
 * @param {import('../contestants/link.mjs').Stream} stream */
export async function sendBack(stream) {
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) await stream.write(chunk);
  await stream.end();
}
