// Accepts connections, and says how many it has accepted whenever it is asked.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';

const { contestant } = await workerArguments();
const address = await contestant.listen(() => {});
const cpu = process.cpuUsage();
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage(cpu);
  report({ accepted: contestant.accepted?.() ?? 0, cpuMicros: user + system });
});
report({ address, settings: contestant.settings });
