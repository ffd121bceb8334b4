// Sends back what it reads, on every stream; for echo and for set-up.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { sendBack } from './send-back.mjs';

const { contestant } = await workerArguments();
const address = await contestant.listen((stream) => {
  sendBack(stream).catch(() => {});
});
report({ address, settings: contestant.settings });
