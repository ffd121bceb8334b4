// Opens sessions, some and then the others, shows that each works, and keeps them; told again, shows that all of them still work.
import { once } from 'node:events';
import { inLanes } from '../lib/lanes.mjs';
import { report } from '../lib/report-line.mjs';
import { workerArguments } from './arguments.mjs';
import { roundTrip } from './round-trip.mjs';

const LANES = 16;
const MESSAGE_BYTES = 64;

const { contestant, work, address } = await workerArguments();
const { sessions = 0, warmUpSessions = 0 } = work;
/** @type {import('../contestants/link.mjs').Stream[]} */
const streams = [];

try {
  await open(warmUpSessions);
  report({ sessions: streams.length });
  await once(process.stdin, 'data');
  await open(sessions);
  report({ sessions: streams.length });
  await once(process.stdin, 'data');
  await inLanes(LANES, streams.length, (index) => prove(streams[index]));
  report({ sessions: streams.length });
} catch (error) {
  report({ error: String(error instanceof Error ? error.message : error) });
}

/** @param {number} count */
async function open(count) {
  const opened = await inLanes(LANES, count, async () => {
    const stream = await (await contestant.connect(address)).openStream();
    await prove(stream);
    return stream;
  });
  streams.push(...opened);
}

/** @param {import('../contestants/link.mjs').Stream | undefined} stream */
async function prove(stream) {
  const [question, answer] = [Buffer.alloc(MESSAGE_BYTES, String(streams.length)), Buffer.alloc(MESSAGE_BYTES)];
  if (stream !== undefined) await roundTrip(stream, question, answer);
  if (!answer.equals(question)) throw new Error('an answer is not the question');
}
