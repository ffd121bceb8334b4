// One-way and two-way bulk: 64 KiB writes, payload bytes delivered and compared between the end of the warm-up and the end of the measurement.
import { startEnds } from '../lib/ends.mjs';
import { roofProgram } from '../lib/native-programs.mjs';
import { measureRoof } from '../workloads/roof.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** @param {Entrant} entrant @param {{ streams?: number, both?: 0 | 1 }} [shape] @returns {import('../lib/benchmark.mjs').Contestant} */
function bulkOf(entrant, { streams = 1, both = 0 } = {}) {
  return contestantOf(entrant, ({ cores, warmUpMs, measureMs }) => measureBulk(entrant, { streams, both, warmUpMs, measureMs }, cores));
}

/** Gbit/s of payload, both directions together.
 * @param {Entrant} entrant @param {{ streams: number, both: 0 | 1, warmUpMs: number, measureMs: number }} plan @param {readonly [number, number]} cores */
async function measureBulk(entrant, plan, cores) {
  const { receiver, sender, settings, stop } = await startEnds(entrant, 'bulk', plan, cores);
  try {
    await sender.next();
    const there = await receiver.next();
    const back = plan.both ? await sender.next() : null;
    sender.send('stop');
    if (plan.both) receiver.send('stop');
    const sent = await sender.next();
    let [bytes, sentBack] = [0, 0];
    for (let stream = 0; stream < plan.streams; stream++) {
      const end = await receiver.next();
      bytes += end.bytes;
      sentBack += end.sentBytes;
    }
    if (bytes !== sent.bytes) throw new Error(`${entrant.id}: ${sent.bytes} bytes were sent and ${bytes} arrived`);
    if (sentBack !== sent.receivedBytes) throw new Error(`${entrant.id}: ${sentBack} bytes were sent back and ${sent.receivedBytes} arrived`);
    const gbit = (/** @type {Record<string, number>} */ { count = 0, micros = 1 }) => (count * 8) / micros / 1_000;
    const cpuSecondsPerGigabyte = (sent.cpuMicros / (sent.bytes + sent.receivedBytes)) * 1e3;
    return {
      value: gbit(there) + (back === null ? 0 : gbit(back)),
      settings,
      details: {
        senderCore: sent.cpuMicros / sent.micros,
        receiverCore: there.cpuMicros / there.micros,
        senderCpuSecondsPerGigabyte: cpuSecondsPerGigabyte,
        receiverCpuSecondsPerGigabyte: (there.cpuMicros / there.count) * 1e3,
      },
    };
  } finally {
    await stop();
  }
}

/** @param {'chacha20-poly1305'} _cipher @param {number} packetBytes @returns {import('../lib/benchmark.mjs').Contestant} */
function roofOf(_cipher, packetBytes) {
  return {
    id: `roof-${packetBytes}`,
    label: `roof, ChaCha20, ${packetBytes} B packets`,
    run: async (context) => {
      const { gbitPerSecond } = await measureRoof({ command: roofProgram(), packetBytes, ...context });
      return { value: gbitPerSecond, settings: 'bare UDP with GSO and GRO, no protocol', details: {} };
    },
  };
}

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'bulk-chacha',
    title: 'Bulk, one stream, ChaCha20-Poly1305',
    about: [
      'One stream, one direction, 64 KiB writes, packets of 1440 and 1200 bytes, congestion control on; every byte compared on arrival.',
      'The roof is bare UDP with GSO and GRO that seals and opens each packet, in Rust, without a protocol.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: 'osier-ChaCha20-1440',
    contestants: [
      bulkOf(osier('chacha20-poly1305', 1440)),
      bulkOf(osier('chacha20-poly1305', 1200)),
      roofOf('chacha20-poly1305', 1440),
      bulkOf(quinn('chacha20-poly1305', 1440)),
    ],
    bars: [
      { against: 'roof-1440', relation: 'at least', ratio: 0.8 },
      { against: 'quinn-ChaCha20-1440', relation: 'at least', ratio: 1.3 },
    ],
  }),
  () => ({
    name: 'bulk-aes',
    title: 'Bulk, one stream, each with the cipher that it prefers or AES',
    about: [
      'As above, with AES-256-GCM; s2n-quic chooses AES-128-GCM. Packets of 1440 bytes, s2n-quic at MTU 1500.',
      'TCP is not encrypted; a connection is a stream there.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: 'osier-AES-1440',
    contestants: [
      bulkOf(osier('aes-256-gcm', 1440)),
      bulkOf(quinn('aes-256-gcm', 1440)),
      bulkOf(s2n()),
      ...Object.values(NODE_PEERS).map((entrant) => bulkOf(entrant)),
    ],
    bars: [
      { against: 'quinn-AES-1440', relation: 'at least', ratio: 1.3 },
      { against: 's2n-quic', relation: 'at least', ratio: 1.15 },
      { against: 'libp2p-quic-64k', relation: 'at least', ratio: 4 },
      { against: 'udx', relation: 'at least', ratio: 6 },
    ],
  }),
  () => ({
    name: 'bulk-shapes',
    title: 'Bulk, 100 streams and both directions',
    about: [
      'AES-256-GCM, packets of 1440 bytes: one stream, 100 streams at once, both directions at once, and packets of 1200 bytes.',
      'What counts is the total of all streams and both directions.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: 'osier-AES-1440',
    contestants: [
      bulkOf(osier('aes-256-gcm', 1440)),
      bulkOf({ ...osier('aes-256-gcm', 1440), id: 'osier-100-streams', label: 'Osier, 100 streams' }, { streams: 100 }),
      bulkOf({ ...osier('aes-256-gcm', 1440), id: 'osier-both-ways', label: 'Osier, both directions' }, { both: 1 }),
      bulkOf(osier('aes-256-gcm', 1200)),
      bulkOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn-100-streams', label: 'quinn, 100 streams' }, { streams: 100 }),
      bulkOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn-both-ways', label: 'quinn, both directions' }, { both: 1 }),
    ],
    bars: [
      { against: 'osier-100-streams', relation: 'at most', ratio: 1 / 0.85 },
      { against: 'osier-both-ways', relation: 'at most', ratio: 1 / 0.85 },
      { against: 'osier-AES-1200', relation: 'at most', ratio: 1 / 0.85 },
    ],
  }),
];
