// All peers of the hub: each has an endpoint of its own, compares what comes, and answers with its number.
import { inLanes } from '../lib/lanes.mjs';
import { numberedMessages } from '../lib/numbered-messages.mjs';
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';

const LANES = 16;

const { contestant, work, address } = await workerArguments();
const { sessions = 1, messageBytes = 1_024 } = work;
const messages = numberedMessages(messageBytes);

try {
  const streams = await inLanes(LANES, sessions, async () => (await contestant.connect(address)).openStream());
  report({ sessions: streams.length });
  await Promise.all(streams.map(serve));
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}

/** @param {import('../contestants/link.mjs').Stream} stream */
async function serve(stream) {
  await stream.write(Buffer.alloc(4));
  const message = Buffer.alloc(messageBytes);
  for (let [filled, number] = [0, 0]; ; ) {
    const chunk = await stream.read();
    if (chunk === null) return;
    // The hub waits for the answer before it sends more: nothing of the next message is here yet.
    message.set(chunk, filled);
    filled += chunk.length;
    if (filled < messageBytes) continue;
    if (!messages.matches(message) || message.readUInt32LE() !== number) throw new Error(`message ${number} is not what was sent`);
    await stream.write(message.subarray(0, 4));
    filled = 0;
    number++;
  }
}
