// Round trips by node:dgram, without the promises that the contestants' common interface needs.
import { fileURLToPath } from 'node:url';
import { linked, PinnedProcess } from '../lib/pinned-process.mjs';

const worker = (/** @type {string} */ end) => fileURLToPath(new URL(`../workers/dgram-echo-${end}.mjs`, import.meta.url));

/** @param {{ cores: readonly [number, number], trips: number, messageBytes: number, isSealed: boolean }} options
 * @returns {Promise<Record<'p50Micros' | 'p99Micros' | 'p999Micros', number>>} */
export async function measureEcho({ cores, trips, messageBytes, isSealed }) {
  const sealed = isSealed ? 'sealed' : '';
  const server = new PinnedProcess(cores[1], process.execPath, [worker('server'), sealed]);
  const { address } = await server.next();
  const client = new PinnedProcess(cores[0], process.execPath, [worker('client'), String(trips), address, String(messageBytes), sealed]);
  linked([client, server]);
  try {
    const { p50Micros, p99Micros, p999Micros } = await client.next();
    return { p50Micros, p99Micros, p999Micros };
  } finally {
    await Promise.all([client.stop(), server.stop()]);
  }
}
