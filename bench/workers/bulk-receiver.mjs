// The receiving end of bulk: compares every byte of every stream, counts all together, and with `both` sends back as much as it can on each.
import { MeasuredSpan } from '../lib/measured-span.mjs';
import { report } from '../lib/report-line.mjs';
import { watch } from '../lib/watch.mjs';
import { workerArguments } from './arguments.mjs';
import { receiveVerified, sendUntil } from './bulk-streams.mjs';

const { contestant, work } = await workerArguments();
const { streams = 1, both = 0, warmUpMs = 0, measureMs = 0, isWatched = 0 } = work;
const watched = isWatched ? watch() : null;
const received = { bytes: 0 };
let open = 0;
/** @type {MeasuredSpan | null} */
let span = null;
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});

const address = await contestant.listen((stream) => {
  if (++open === streams) {
    span = new MeasuredSpan({ warmUpMs, measureMs });
    setTimeout(() => watched?.begin(contestant.packets?.() ?? 0), warmUpMs);
  }
  const sent = both ? sendUntil(stream, () => isStopped) : Promise.resolve(0);
  const all = receiveVerified(stream, (count) => {
    received.bytes += count;
    const measured = span?.update(received.bytes);
    if (measured != null) report({ ...measured, ...watched?.figures(contestant.packets?.() ?? 0) });
  });
  Promise.all([all, sent]).then(
    ([bytes, sentBytes]) => report({ bytes, sentBytes }),
    (/** @type {Error} */ error) => report({ error: String(error.message) }),
  );
});
report({ address, settings: contestant.settings });
