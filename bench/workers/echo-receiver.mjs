// Sends back what it reads, on every stream; for echo and for set-up.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';

const { contestant } = await workerArguments();
const address = await contestant.listen((stream) => {
  sendBack(stream).catch(() => {});
});
report({ address, settings: contestant.settings });

/** @param {import('../contestants/link.mjs').Stream} stream */
async function sendBack(stream) {
  for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) await stream.write(chunk);
  await stream.end();
}
