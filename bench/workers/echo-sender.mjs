// Measures round trips over one stream, one at a time.
import { performance } from 'node:perf_hooks';
import { report } from '../lib/report-line.mjs';
import { RoundTrips } from '../lib/round-trips.mjs';
import { workerArguments } from './arguments.mjs';
import { roundTrip } from './round-trip.mjs';

const { contestant, work, address } = await workerArguments();
const { trips = 0, messageBytes = 64 } = work;
const stream = await (await contestant.connect(address)).openStream();
const roundTrips = new RoundTrips(trips, messageBytes);
const answer = new Uint8Array(messageBytes);
while (!roundTrips.isComplete) {
  const question = roundTrips.nextQuestion();
  const startMs = performance.now();
  await roundTrip(stream, question, answer);
  roundTrips.add(performance.now() - startMs, answer);
}
report(roundTrips.summary());
