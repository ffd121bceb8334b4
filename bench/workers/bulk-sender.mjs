// The sending end of bulk: 64 KiB a write on each stream, until it is told to stop; with `both` it receives and compares as well.
import { performance } from 'node:perf_hooks';
import { MeasuredSpan } from '../lib/measured-span.mjs';
import { report } from '../lib/report-line.mjs';
import { watch } from '../lib/watch.mjs';
import { workerArguments } from './arguments.mjs';
import { receiveVerified, sendUntil } from './bulk-streams.mjs';

const { contestant, work, address } = await workerArguments();
const { streams: streamCount = 1, both = 0, warmUpMs = 0, measureMs = 0, isWatched = 0 } = work;
const watched = isWatched ? watch() : null;
const connection = await contestant.connect(address);
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});
const [startMs, cpu] = [performance.now(), process.cpuUsage()];
const streams = await Promise.all(Array.from({ length: streamCount }, () => connection.openStream()));
const span = new MeasuredSpan({ warmUpMs, measureMs });
setTimeout(() => watched?.begin(contestant.packets?.() ?? 0), warmUpMs);
const received = { bytes: 0 };
report({ connected: true });

const sent = streams.map((stream) => sendUntil(stream, () => isStopped));
const back = streams.map((stream) =>
  both
    ? receiveVerified(stream, (count) => {
        received.bytes += count;
        const measured = span.update(received.bytes);
        if (measured !== null) report(measured);
      })
    : 0,
);
try {
  const bytes = sum(await Promise.all(sent));
  const figures = watched?.figures(contestant.packets?.() ?? 0);
  const { user, system } = process.cpuUsage(cpu);
  const micros = (performance.now() - startMs) * 1_000;
  report({ bytes, receivedBytes: sum(await Promise.all(back)), micros, cpuMicros: user + system, ...figures });
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
