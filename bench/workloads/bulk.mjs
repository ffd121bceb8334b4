// Bulk through Osier: one stream, 64 KiB writes, every byte compared at the receiver. What counts is what was delivered and compared.
import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../lib/pinned-process.mjs';

const end = (/** @type {string} */ name) => fileURLToPath(new URL(`./bulk-${name}.mjs`, import.meta.url));

/** @param {{ cores: readonly [number, number], packetBytes: number, warmUpMs: number, measureMs: number }} options */
export async function measureBulk({ cores, packetBytes, warmUpMs, measureMs }) {
  const env = { OSIER_MTU: String(packetBytes) };
  const receiver = new PinnedProcess(cores[1], process.execPath, [end('receiver'), String(warmUpMs), String(measureMs)], env);
  const { address, secret } = await receiver.next();
  const sender = new PinnedProcess(cores[0], process.execPath, [end('sender'), address, secret], env);
  try {
    await sender.next();
    const measured = await receiver.next();
    sender.send('stop');
    const [sent, verified] = [await sender.next(), await receiver.next()];
    if (sent.bytes !== verified.bytes) throw new Error(`${sent.bytes} bytes were sent and ${verified.bytes} arrived`);
    if (sent.mtuBytes !== packetBytes) throw new Error(`packets had ${sent.mtuBytes} bytes and not ${packetBytes}`);
    const { bytes, micros } = measured;
    return {
      gbitPerSecond: (bytes * 8) / micros / 1000,
      senderCore: sent.cpuMicros / sent.micros,
      receiverCore: measured.cpuMicros / micros,
      packetsLost: sent.packetsLost,
    };
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}
