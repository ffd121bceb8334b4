// Connection and first echo, again and again, each from a new endpoint.
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { report } from '../lib/report-line.mjs';
import { quantiles } from '../lib/statistics.mjs';
import { workerArguments } from './arguments.mjs';
import { roundTrip } from './round-trip.mjs';

const { contestant, work, address } = await workerArguments();
const { trips = 0, warmUpTrips = 0, pauseMs = 0, messageBytes = 64 } = work;
const micros = new Float64Array(warmUpTrips + trips);
const answer = new Uint8Array(messageBytes);
for (let trip = 0; trip < micros.length; trip++) {
  const question = new Uint8Array(messageBytes).fill(trip);
  const startMs = performance.now();
  const connection = await contestant.connect(address);
  await roundTrip(await connection.openStream(), question, answer);
  micros[trip] = (performance.now() - startMs) * 1_000;
  if (Buffer.compare(question, answer) !== 0) throw new Error(`answer ${trip} is not the question`);
  await connection.close();
  await setTimeout(pauseMs);
}
report({ firstMicros: micros[0], ...quantiles(micros.slice(warmUpTrips)) });
