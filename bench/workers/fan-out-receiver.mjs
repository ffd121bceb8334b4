// The hub: when every peer has its stream, sends a message to all of them, waits for every answer, and does it again.
import { performance } from 'node:perf_hooks';
import { numberedMessages } from '../lib/numbered-messages.mjs';
import { report } from '../lib/report-line.mjs';
import { quantiles } from '../lib/statistics.mjs';
import { workerArguments } from './arguments.mjs';

/** What a peer answers with: the number of the message. */
const ANSWER_BYTES = 4;

const { contestant, work } = await workerArguments();
const { sessions = 1, messageBytes = 1_024, warmUpMs = 0, measureMs = 0 } = work;
const messages = numberedMessages(messageBytes);
/** @type {import('../contestants/link.mjs').Stream[]} */
const streams = [];

const address = await contestant.listen((stream) => {
  // Each peer says a word first: only then has its stream reached this end.
  readAnswer(stream)
    .then(() => {
      streams.push(stream);
      return streams.length === sessions ? fanOut() : undefined;
    })
    .catch((/** @type {Error} */ error) => report({ error: error.message }));
});
report({ address, settings: contestant.settings });

async function fanOut() {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  /** @type {number[]} */
  const micros = [];
  let number = 0;
  for (let nowMs = startMs; nowMs < startMs + warmUpMs + measureMs || micros.length === 0; number++) {
    const message = messages.make(number);
    await Promise.all(streams.map((stream) => ask(stream, message, number)));
    const endMs = performance.now();
    if (nowMs >= startMs + warmUpMs) micros.push((endMs - nowMs) * 1_000);
    nowMs = endMs;
  }
  const { user, system } = process.cpuUsage(cpu);
  report({
    fanOuts: number,
    count: micros.length * streams.length,
    cpuMicrosEach: (user + system) / (number * streams.length),
    ...quantiles(Float64Array.from(micros)),
  });
}

/** @param {import('../contestants/link.mjs').Stream} stream @param {Uint8Array} message @param {number} number */
async function ask(stream, message, number) {
  await stream.write(message);
  const answered = await readAnswer(stream);
  if (answered !== number) throw new Error(`a peer answered ${answered} to message ${number}`);
}

/** @param {import('../contestants/link.mjs').Stream} stream */
async function readAnswer(stream) {
  const answer = Buffer.alloc(ANSWER_BYTES);
  for (let filled = 0; filled < ANSWER_BYTES; ) {
    const chunk = await stream.read();
    if (chunk === null) throw new Error('a peer ended');
    answer.set(chunk, filled);
    filled += chunk.length;
  }
  return answer.readUInt32LE();
}
