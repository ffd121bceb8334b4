// Small messages there and back beside a bulk stream of the same connection, which has the lowest priority where the contestant has any.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { sendUntil } from './bulk-streams.mjs';
import { BULK, ECHO, labelled } from './labelled-streams.mjs';
import { pacedEcho } from './paced-echo.mjs';

const { contestant, work, address } = await workerArguments();
const { messageBytes = 64, intervalMs = 1, warmUpMs = 0, measureMs = 0 } = work;
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});
const connection = await contestant.connect(address);
const bulk = await labelled(await connection.openStream({ level: 'last' }), BULK);
const echo = await labelled(await connection.openStream({ level: 'first' }), ECHO);
try {
  const sent = sendUntil(bulk, () => isStopped);
  report(await pacedEcho(echo, { messageBytes, intervalMs, warmUpMs, measureMs }));
  report({ bytes: await sent });
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}
