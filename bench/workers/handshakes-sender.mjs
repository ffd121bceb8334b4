// Handshakes as fast as they go, from endpoints that are there before: each connects, closes, and connects again. One that fails ends the run.
import { performance } from 'node:perf_hooks';
import { inLanes } from '../lib/lanes.mjs';
import { report } from '../lib/report-line.mjs';
import { quantiles } from '../lib/statistics.mjs';
import { workerArguments } from './arguments.mjs';

/** Under way at once. */
const LANES = 32;
/** Of one endpoint: fewer than any bound on how often one identity may ask. */
const CONNECTIONS_EACH = 5;

const { contestant, work, address } = await workerArguments();
const { connections = 0 } = work;
const makeDialer = contestant.dialer;
if (makeDialer === undefined) throw new Error(`${contestant.name} has no dialers`);

try {
  const dialers = await inLanes(LANES, Math.ceil(connections / CONNECTIONS_EACH), () => makeDialer(address));
  const micros = new Float64Array(dialers.length * CONNECTIONS_EACH);
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  await inLanes(LANES, dialers.length, async (index) => {
    for (let turn = 0; turn < CONNECTIONS_EACH; turn++) {
      const dialMs = performance.now();
      const connection = await dialers[index]?.dial();
      micros[index * CONNECTIONS_EACH + turn] = (performance.now() - dialMs) * 1_000;
      await connection?.close();
    }
  });
  const { user, system } = process.cpuUsage(cpu);
  report({ count: micros.length, micros: (performance.now() - startMs) * 1_000, cpuMicros: user + system, ...quantiles(micros) });
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}
