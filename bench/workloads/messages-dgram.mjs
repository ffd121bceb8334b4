// Datagrams of one size one way by node:dgram: what arrived, each compared; what the kernel dropped is told.
import { fileURLToPath } from 'node:url';
import { linked, PinnedProcess } from '../lib/pinned-process.mjs';

const worker = (/** @type {string} */ end) => fileURLToPath(new URL(`../workers/dgram-messages-${end}.mjs`, import.meta.url));

/** @param {{ cores: readonly [number, number], messageBytes: number, isSealed: boolean, warmUpMs: number, measureMs: number }} options */
export async function measureDgramMessages({ cores, messageBytes, isSealed, warmUpMs, measureMs }) {
  const plan = JSON.stringify({ messageBytes, isSealed, warmUpMs, measureMs });
  const receiver = new PinnedProcess(cores[1], process.execPath, [worker('receiver'), plan]);
  const { address } = await receiver.next();
  const sender = new PinnedProcess(cores[0], process.execPath, [worker('sender'), plan, address]);
  linked([sender, receiver]);
  try {
    const { count, micros, highest } = await receiver.next();
    return { messagesPerMicro: count / micros, lostShare: 1 - count / Math.max(1, highest) };
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}
