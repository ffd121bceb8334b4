// Compares what the bulk stream brings, and sends back what the other brings.
import { MeasuredSpan } from '../lib/measured-span.mjs';
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { receiveVerified } from './bulk-streams.mjs';
import { BULK, readLabel } from './labelled-streams.mjs';
import { sendBack } from './send-back.mjs';

const { contestant, work } = await workerArguments();
const { warmUpMs = 0, measureMs = 0 } = work;

const address = await contestant.listen((opened) => {
  serve(opened).catch((/** @type {Error} */ error) => report({ error: error.message }));
});
report({ address, settings: contestant.settings });

/** @param {import('../contestants/link.mjs').Stream} opened */
async function serve(opened) {
  const { label, stream } = await readLabel(opened);
  if (label !== BULK) return sendBack(stream);
  const span = new MeasuredSpan({ warmUpMs, measureMs });
  let total = 0;
  const bytes = await receiveVerified(stream, (count) => {
    total += count;
    const measured = span.update(total);
    if (measured !== null) report(measured);
  });
  report({ bytes });
}
