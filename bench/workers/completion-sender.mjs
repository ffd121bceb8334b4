// From nothing to the answer that all of a transfer has arrived, again and again, each over a new connection.
import { performance } from 'node:perf_hooks';
import { report } from '../lib/report-line.mjs';
import { quantiles } from '../lib/statistics.mjs';
import { workerArguments } from './arguments.mjs';
import { sendBytes } from './bulk-streams.mjs';

const { contestant, work, address } = await workerArguments();
const { bytes = 0, trips = 1 } = work;
const micros = new Float64Array(trips);
try {
  for (let trip = 0; trip < trips; trip++) {
    const startMs = performance.now();
    const connection = await contestant.connect(address);
    const stream = await connection.openStream();
    const [answer] = await Promise.all([stream.read(), sendBytes(stream, bytes)]);
    if (answer?.[0] !== 1) throw new Error('the stream ended without an answer');
    micros[trip] = (performance.now() - startMs) * 1_000;
    await connection.close();
  }
  report(quantiles(micros));
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}
