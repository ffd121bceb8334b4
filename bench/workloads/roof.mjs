// Bulk through bare sockets: what this machine can do at best. See roof/src/main.rs.
import { PinnedProcess } from '../lib/pinned-process.mjs';

/** @param {{ command: string, cores: readonly [number, number], packetBytes: number, warmUpMs: number, measureMs: number }} options */
export async function measureRoof({ command, cores, packetBytes, warmUpMs, measureMs }) {
  const receiver = new PinnedProcess(cores[1], command, ['receive', String(packetBytes), String(warmUpMs), String(measureMs)]);
  const port = await receiver.nextLine();
  const sender = new PinnedProcess(cores[0], command, ['send', String(packetBytes), port]);
  try {
    const { bytes, micros, wrong } = await receiver.next();
    if (wrong !== 0) throw new Error(`the roof received ${wrong} wrong packets`);
    return { gbitPerSecond: (bytes * 8) / micros / 1000 };
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}
