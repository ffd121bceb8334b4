// Sends small messages until it is told to stop.
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { sendMessages } from './message-streams.mjs';

const { contestant, work, address } = await workerArguments();
const { messageBytes = 64, coalesced = 1 } = work;
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});
const connection = await contestant.connect(address);
const sender = (await connection.openMessages?.()) ?? asSender(await connection.openStream());
report({ connected: true });
const messages = await sendMessages(sender, { messageBytes, isSingle: coalesced === 1, isStopped: () => isStopped });
report({ messages });

/** A byte stream takes a message by a write.
 * @param {import('../contestants/link.mjs').Stream} stream @returns {import('../contestants/link.mjs').MessageSender} */
function asSender(stream) {
  return { send: (message) => stream.write(message), end: () => stream.end() };
}
