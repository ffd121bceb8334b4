// Several connections from one process, each from a node of its own, with one bulk stream each.
import { inLanes } from '../lib/lanes.mjs';
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { sendUntil } from './bulk-streams.mjs';

const LANES = 4;

const { contestant, work, address } = await workerArguments();
const { connections = 1 } = work;
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});
try {
  const streams = await inLanes(LANES, connections, async () => (await contestant.connect(address)).openStream());
  const sent = streams.map((stream) => sendUntil(stream, () => isStopped));
  report({ connections: streams.length });
  const bytes = await Promise.all(sent);
  report({ bytes: bytes.reduce((total, count) => total + count, 0) });
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}
