// Takes a transfer, compares it, and answers with one byte when it has all of it.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { receiveVerified } from './bulk-streams.mjs';

const { contestant, work } = await workerArguments();
const { bytes = 0 } = work;
const address = await contestant.listen((stream) => {
  take(stream).catch((/** @type {Error} */ error) => report({ error: error.message }));
});
report({ address, settings: contestant.settings });

/** @param {import('../contestants/link.mjs').Stream} stream */
async function take(stream) {
  const received = await receiveVerified(stream, () => {});
  if (received !== bytes) throw new Error(`${received} bytes arrived instead of ${bytes}`);
  await stream.write(Uint8Array.of(1));
  await stream.end();
}
