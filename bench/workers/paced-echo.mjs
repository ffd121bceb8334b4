// Round trips of messages that leave at a steady pace, whether or not the answers to those before have come: a delay shows in all messages that it concerns.
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { numberedMessages } from '../lib/numbered-messages.mjs';
import { quantiles } from '../lib/statistics.mjs';

/** Asks until the time is over and every answer has come, each compared. Quantiles of those that were asked after the warm-up, and their count.
 * @param {import('../contestants/link.mjs').Stream} stream @param {{ messageBytes: number, intervalMs: number, warmUpMs: number, measureMs: number }} plan */
export async function pacedEcho(stream, { messageBytes, intervalMs, warmUpMs, measureMs }) {
  const messages = numberedMessages(messageBytes);
  const fromMs = performance.now() + warmUpMs;
  /** @type {number[]} */
  const sentAtMs = [];
  /** @type {number[]} */
  const micros = [];
  let isLastSent = false;

  const ask = async () => {
    while (!isLastSent) {
      await setTimeout(intervalMs);
      const nowMs = performance.now();
      isLastSent = nowMs >= fromMs + measureMs;
      sentAtMs.push(nowMs);
      await stream.write(messages.make(sentAtMs.length - 1));
    }
  };
  const collect = async () => {
    const answer = Buffer.alloc(messageBytes);
    for (let [filled, answered] = [0, 0]; !isLastSent || answered < sentAtMs.length; ) {
      const chunk = await stream.read();
      if (chunk === null) throw new Error('the stream ended');
      const nowMs = performance.now();
      for (let taken = 0; taken < chunk.length; ) {
        const part = chunk.subarray(taken, taken + messageBytes - filled);
        answer.set(part, filled);
        taken += part.length;
        filled += part.length;
        if (filled < messageBytes) continue;
        if (!messages.matches(answer) || answer.readUInt32LE() !== answered) throw new Error(`answer ${answered} is not the question`);
        const askedMs = sentAtMs[answered++] ?? 0;
        if (askedMs >= fromMs) micros.push((nowMs - askedMs) * 1_000);
        filled = 0;
      }
    }
  };
  await Promise.all([ask(), collect()]);
  return { ...quantiles(Float64Array.from(micros)), count: micros.length };
}
