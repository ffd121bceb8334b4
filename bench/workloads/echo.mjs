// 64 bytes there and back, one at a time.
import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../lib/pinned-process.mjs';

const end = (/** @type {string} */ name) => fileURLToPath(new URL(`./echo-${name}.mjs`, import.meta.url));

/** The median and the 99th percentile of many round trips.
 * @param {'osier' | 'dgram'} transport @param {{ cores: readonly [number, number], trips: number }} options
 * @returns {Promise<{ p50Micros: number, p99Micros: number }>} */
export async function measureEcho(transport, { cores, trips }) {
  const server = new PinnedProcess(cores[1], process.execPath, [end(`${transport}-server`)]);
  const { address, secret = '' } = await server.next();
  const client = new PinnedProcess(cores[0], process.execPath, [end(`${transport}-client`), String(trips), address, secret]);
  try {
    const { p50Micros, p99Micros } = await client.next();
    return { p50Micros, p99Micros };
  } finally {
    await Promise.all([client.stop(), server.stop()]);
  }
}
