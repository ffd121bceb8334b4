// Sends back what it reads, on every stream, and says how much memory it holds whenever it is asked.
import { report } from '../lib/report-line.mjs';
import { residentBytes } from '../lib/resident-memory.mjs';
import { workerArguments } from './arguments.mjs';
import { sendBack } from './send-back.mjs';

const { contestant } = await workerArguments();
const address = await contestant.listen((stream) => {
  sendBack(stream).catch(() => {});
});
process.stdin.on('data', () => report({ residentBytes: residentBytes() }));
report({ address, settings: contestant.settings });
