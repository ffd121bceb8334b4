// `node bench/relay/run.mjs [--rounds N] [--seconds S] [--bytes B]`: packets a second that one relay core passes on, GRO on and off. The relay is a
// Node process on one core; load and verification share another. A packet counts when it arrived, verified, at the far end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pinnableCores } from '../lib/machine.mjs';
import { relayLoadProgram } from '../lib/native-programs.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' }, bytes: { type: 'string', default: '1200' } },
});
const RELAY = fileURLToPath(new URL('relay.mjs', import.meta.url));
const { cores } = pinnableCores();
const packetBytes = Number(values.bytes);

/** What is sent: trains, which loopback hands over whole to a socket with GRO, or single datagrams, which it never joins. */
const shapes = [
  { name: 'GRO on', trainPackets: Math.min(64, Math.floor(65_507 / packetBytes)), windowPackets: 640 },
  { name: 'GRO off', trainPackets: 1, windowPackets: 512 },
];

for (let round = 0; round < Number(values.rounds); round++) {
  for (const shape of shapes) console.log(JSON.stringify({ shape: shape.name, ...(await measure(shape)) }));
}

/** @param {typeof shapes[number]} shape */
async function measure({ trainPackets, windowPackets }) {
  const plan = [packetBytes, trainPackets, windowPackets, 500, Number(values.seconds) * 1_000].map(String);
  const load = start(cores[1], relayLoadProgram(), plan);
  const { sink } = JSON.parse(await load.line());
  const relay = start(cores[0], process.execPath, [RELAY, String(sink)]);
  const { port, index } = JSON.parse(await relay.line());
  load.child.stdin.write(`${port} ${index}\n`);
  await load.line();
  const before = processorSeconds(relay.child.pid);
  const { packets, lost, wrong, seconds } = JSON.parse(await load.line());
  const busy = processorSeconds(relay.child.pid) - before;
  relay.child.stdin.end();
  await Promise.all([relay.ended, load.ended]);
  const perSecond = packets / seconds;
  const perBusySecond = packets / busy;
  return { packetsPerSecond: Math.round(perSecond), perRelayCoreSecond: Math.round(perBusySecond), relayBusy: busy / seconds, packets, lost, wrong };
}

/** @param {number} core @param {string} program @param {readonly string[]} args */
function start(core, program, args) {
  const child = spawn('taskset', ['-c', String(core), program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  return {
    child,
    ended,
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${program} ended before its time.`);
      return value;
    },
  };
}

/** Time that all threads of a process ran. @param {number | undefined} pid */
function processorSeconds(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
}
