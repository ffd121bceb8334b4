// Bulk through bare sockets: what this machine can do at best. See roof/src/main.rs.
import { linked, PinnedProcess } from '../lib/pinned-process.mjs';

/** @typedef {{ packetBytes: number, cipher: 'chacha20-poly1305' | 'aes-256-gcm' | 'none', trains: 'trains' | 'packets' }} RoofShape */

/** @param {RoofShape & { command: string, cores: readonly [number, number], warmUpMs: number, measureMs: number }} options */
export async function measureRoof({ command, cores, packetBytes, cipher, trains, warmUpMs, measureMs }) {
  const shape = [String(packetBytes), cipher, trains];
  const receiver = new PinnedProcess(cores[1], command, ['receive', ...shape, String(warmUpMs), String(measureMs)]);
  const port = await receiver.nextLine();
  const sender = new PinnedProcess(cores[0], command, ['send', ...shape, port]);
  linked([sender, receiver]);
  try {
    const { bytes, micros, wrong } = await receiver.next();
    if (wrong !== 0) throw new Error(`the roof received ${wrong} wrong packets`);
    return { gbitPerSecond: (bytes * 8) / micros / 1000 };
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}
