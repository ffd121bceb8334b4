// Small messages there and back beside a bulk stream of the same connection.
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */
/** @typedef {Parameters<typeof startEnds>[3]} EndPlaces */

/** The value is the 99th percentile in milliseconds. `comparesTotal`: the bulk stream is ended and its bytes are counted at both ends, which takes long on a slow link.
 * @param {Entrant} entrant @param {Record<string, number>} plan @param {EndPlaces} places @param {{ comparesTotal: boolean }} options @returns {Promise<import('../lib/benchmark.mjs').Result>} */
export async function measureBeside(entrant, plan, places, { comparesTotal }) {
  const { receiver, sender, settings, stop } = await startEnds(entrant, 'beside', plan, places);
  try {
    const bulk = receiver.next();
    // What fails at the other end shows here as well.
    bulk.catch(() => {});
    const { p50Micros, p99Micros, p999Micros, count } = await sender.next();
    const { count: bytes, micros } = await bulk;
    if (comparesTotal) {
      sender.send('stop');
      const [sent, arrived] = [await sender.next(), await receiver.next()];
      if (sent.bytes !== arrived.bytes) throw new Error(`${sent.bytes} bytes were sent and ${arrived.bytes} arrived`);
    }
    const details = { p50Millis: p50Micros / 1e3, p999Millis: p999Micros / 1e3, bulkMegabits: (bytes * 8) / micros, count };
    return { value: p99Micros / 1e3, settings, details };
  } finally {
    await stop();
  }
}

export const BESIDE_DETAILS = { p50Millis: 'p50, ms', p999Millis: 'p99.9, ms', bulkMegabits: 'bulk beside it, Mbit/s', count: 'messages' };

/** @param {Entrant} entrant @param {number} messageBytes */
function besideOf(entrant, messageBytes) {
  return contestantOf(entrant, ({ cores, warmUpMs, measureMs }) =>
    measureBeside(entrant, { messageBytes, intervalMs: 1, warmUpMs, measureMs }, cores, { comparesTotal: true }),
  );
}

/** @param {number} messageBytes @param {string} size @returns {Benchmark} */
const beside = (messageBytes, size) => ({
  name: `beside-bulk-${messageBytes}`,
  title: `Round trip of ${size} beside a bulk stream`,
  about: [
    `${size} there and back every millisecond, whether or not the answer before has come, beside a stream of the same connection that sends all it can.`,
    'The value is the 99th percentile. The bulk stream has the lowest priority where there are any; TCP and TLS have a connection for each.',
  ],
  unit: 'ms',
  better: 'lower',
  subject: 'osier-AES',
  isExtra: messageBytes !== 64,
  details: BESIDE_DETAILS,
  contestants: [
    besideOf(osier('aes-256-gcm'), messageBytes),
    besideOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }, messageBytes),
    besideOf(s2n(), messageBytes),
    ...['udx', 'libp2pLarge', 'tcp', 'tls'].flatMap((name) => NODE_PEERS[name] ?? []).map((entrant) => besideOf(entrant, messageBytes)),
  ],
  bars: [{ relation: 'at most', bound: 5 }],
});

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [() => beside(64, '64 bytes'), () => beside(1_024, '1 KiB')];
