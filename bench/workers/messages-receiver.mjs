// Counts small messages as they arrive.
import { MeasuredSpan } from '../lib/measured-span.mjs';
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { receiveMessages } from './message-streams.mjs';

const { contestant, work } = await workerArguments();
const { messageBytes = 64, warmUpMs = 0, measureMs = 0 } = work;
const address = await (contestant.listenForMessages?.(count) ?? contestant.listen((stream) => count(asReceiver(stream))));
report({ address, settings: contestant.settings });

/** @param {import('../contestants/link.mjs').MessageReceiver} receiver */
function count(receiver) {
  const span = new MeasuredSpan({ warmUpMs, measureMs });
  receiveMessages(receiver, messageBytes, (messages) => {
    const measured = span.update(messages);
    if (measured !== null) report(measured);
  }).then(
    (messages) => report({ messages }),
    (/** @type {Error} */ error) => report({ error: error.message }),
  );
}

/** @param {import('../contestants/link.mjs').Stream} stream @returns {import('../contestants/link.mjs').MessageReceiver} */
function asReceiver(stream) {
  return {
    readBatch: async () => {
      const chunk = await stream.read();
      return chunk === null ? null : [chunk];
    },
  };
}
