// From before a contestant's import to its listening, in a process that has done nothing else. That it does listen is shown by a message to itself.
import { performance } from 'node:perf_hooks';
import { report } from '../lib/report-line.mjs';
import { exitWithParent, workerArguments } from './arguments.mjs';
import { roundTrip } from './round-trip.mjs';
import { sendBack } from './send-back.mjs';

// Before the clock starts: it takes a while the first time.
exitWithParent();
const startMs = performance.now();
const { contestant } = await workerArguments();
const address = await contestant.listen((stream) => {
  sendBack(stream).catch(() => {});
});
const listeningMs = performance.now();

const [question, answer] = [Buffer.from('is anybody there?'), Buffer.alloc(17)];
const connection = await contestant.connect(address);
await roundTrip(await connection.openStream(), question, answer);
if (!answer.equals(question)) throw new Error('the answer is not the question');
report({ fromImportMs: listeningMs - startMs, fromProcessMs: listeningMs, settings: contestant.settings });
