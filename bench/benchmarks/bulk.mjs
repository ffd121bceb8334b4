// One-way and two-way bulk: 64 KiB writes, payload bytes delivered and compared between the end of the warm-up and the end of the measurement.
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';
import { roof } from './roof.mjs';

/** @typedef {'aes-256-gcm' | 'chacha20-poly1305'} Cipher @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** @param {Entrant} entrant @param {{ streams?: number, both?: 0 | 1 }} [shape] @returns {import('../lib/benchmark.mjs').Contestant} */
function bulkOf(entrant, { streams = 1, both = 0 } = {}) {
  return contestantOf(entrant, ({ cores, warmUpMs, measureMs }) => measureBulk(entrant, { streams, both, warmUpMs, measureMs }, cores));
}

/** What a measurement may take beside what is measured. */
const ALL_ELSE_MS = 60_000;

/** Gbit/s of payload, both directions together.
 * @param {Entrant} entrant @param {{ streams: number, both: 0 | 1, warmUpMs: number, measureMs: number }} plan @param {Parameters<typeof startEnds>[3]} places @returns {Promise<import('../lib/benchmark.mjs').Result>} */
export async function measureBulk(entrant, plan, places) {
  const { receiver, sender, settings, stop } = await startEnds(entrant, 'bulk', plan, places);
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
    const rate = gbit(there) + (back === null ? 0 : gbit(back));
    return {
      value: rate,
      settings,
      details: {
        senderCore: sent.cpuMicros / sent.micros,
        receiverCore: there.cpuMicros / there.micros,
        senderCpuSecondsPerGigabyte: (sent.cpuMicros / (sent.bytes + sent.receivedBytes)) * 1e3,
        // Of both directions where there are two: its core, by the bytes that passed it in the same time.
        receiverCpuSecondsPerGigabyte: there.cpuMicros / there.micros / (rate / 8),
      },
    };
  } finally {
    await stop();
  }
}

/** As many times longer than other bulk. */
const PAUSES_TIMES = 15;

/** The longest pause of either end's collector, and how often each end crosses between JavaScript and the engine.
 * @param {Entrant} entrant @returns {import('../lib/benchmark.mjs').Contestant} */
function pausesOf(entrant) {
  return contestantOf(entrant, async ({ cores, warmUpMs, measureMs }) => {
    const plan = { streams: 1, both: 0, warmUpMs, measureMs: measureMs * PAUSES_TIMES, isWatched: 1 };
    const { receiver, sender, settings, stop } = await startEnds(entrant, 'bulk', plan, cores);
    try {
      await sender.next();
      const there = await receiver.next(plan.measureMs + ALL_ELSE_MS);
      sender.send('stop');
      const here = await sender.next();
      const { bytes } = await receiver.next();
      if (bytes !== here.bytes) throw new Error(`${entrant.id}: ${here.bytes} bytes were sent and ${bytes} arrived`);
      return {
        value: Math.max(here.longestCollectionMs, there.longestCollectionMs),
        settings,
        details: {
          collectionShare: Math.max(here.collectionShare, there.collectionShare),
          senderLoopDelayP99Ms: here.loopDelayP99Ms,
          receiverLoopDelayP99Ms: there.loopDelayP99Ms,
          senderCrossingsPerSecond: here.crossingsPerSecond,
          senderPacketsPerCrossing: here.packetsPerCrossing,
          senderCallsPerBatch: here.callsPerBatch,
          receiverCrossingsPerSecond: there.crossingsPerSecond,
          receiverPacketsPerCrossing: there.packetsPerCrossing,
          receiverCallsPerBatch: there.callsPerBatch,
        },
      };
    } finally {
      await stop();
    }
  });
}

const PAUSES_DETAILS = {
  collectionShare: 'share of the time',
  senderLoopDelayP99Ms: 'sender loop p99, ms',
  receiverLoopDelayP99Ms: 'receiver loop p99, ms',
  senderCrossingsPerSecond: 'sender crossings/s',
  senderPacketsPerCrossing: 'packets each',
  receiverCrossingsPerSecond: 'receiver crossings/s',
  receiverPacketsPerCrossing: 'packets each ',
};

const DETAILS = {
  senderCore: 'sender core',
  receiverCore: 'receiver core',
  senderCpuSecondsPerGigabyte: 'sender CPU s/GB',
  receiverCpuSecondsPerGigabyte: 'receiver CPU s/GB',
};

/** The largest packets of the loopback that Osier probes for and quinn takes. */
const LARGEST_BYTES = 8_972;

const NAMES = /** @type {const} */ ({ 'aes-256-gcm': { name: 'AES', short: 'aes' }, 'chacha20-poly1305': { name: 'ChaCha20', short: 'chacha' } });

/** @param {Cipher} cipher @param {{ packetBytes: number, roofShare: number }} shape */
function againstQuinn(cipher, { packetBytes, roofShare }) {
  const { name } = NAMES[cipher];
  return /** @type {const} */ ([
    { against: `roof-${name}-${packetBytes}`, relation: 'at least', bound: roofShare },
    { against: `quinn-${name}-${packetBytes}`, relation: 'at least', bound: 1.3 },
  ]);
}

/** @param {Cipher} cipher @returns {Benchmark} */
function shapes(cipher) {
  const { name, short } = NAMES[cipher];
  const [one, peer] = [osier(cipher, 1440), quinn(cipher, 1440)];
  const atLeast = (/** @type {string} */ of, /** @type {string} */ against) =>
    /** @type {const} */ ({ of, against, relation: 'at least', bound: 0.85 });
  return {
    name: `bulk-shapes-${short}`,
    title: `Bulk, 100 streams and both directions, ${name}`,
    about: [
      'Packets of 1440 bytes: one stream, 100 streams at once, both directions at once; and one stream with packets of 1200 bytes.',
      'What counts is the total of all streams and both directions.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: one.id,
    isExtra: cipher !== 'aes-256-gcm',
    details: DETAILS,
    contestants: [
      bulkOf(one),
      bulkOf({ ...one, id: 'osier-100-streams', label: 'Osier, 100 streams' }, { streams: 100 }),
      bulkOf({ ...one, id: 'osier-both-ways', label: 'Osier, both directions' }, { both: 1 }),
      bulkOf(osier(cipher, 1200)),
      bulkOf({ ...peer, id: 'quinn-100-streams', label: 'quinn, 100 streams' }, { streams: 100 }),
      bulkOf({ ...peer, id: 'quinn-both-ways', label: 'quinn, both directions' }, { both: 1 }),
    ],
    bars: [atLeast('osier-100-streams', one.id), atLeast('osier-both-ways', one.id), atLeast(`osier-${name}-1200`, one.id)],
  };
}

/** @param {Cipher} cipher @returns {Benchmark} */
function largest(cipher) {
  const { name, short } = NAMES[cipher];
  return {
    name: `bulk-largest-${short}`,
    title: `Bulk, packets of ${LARGEST_BYTES} bytes, ${name}`,
    about: [
      'One stream, one direction, as above, with the largest packets that a network with jumbo frames carries.',
      'The roof sends trains of them.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: `osier-${name}-${LARGEST_BYTES}`,
    isExtra: cipher !== 'aes-256-gcm',
    details: DETAILS,
    contestants: [bulkOf(osier(cipher, LARGEST_BYTES)), roof(cipher, LARGEST_BYTES), bulkOf(quinn(cipher, LARGEST_BYTES))],
    bars: [],
  };
}

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'bulk-chacha',
    title: 'Bulk, one stream, ChaCha20-Poly1305',
    about: [
      'One stream, one direction, 64 KiB writes, packets of 1440 and 1200 bytes, congestion control on; every byte compared on arrival.',
      'The roof is bare UDP with GSO and GRO that seals and opens each packet, in Rust, without a protocol; also without GSO and GRO, and without AEAD.',
    ],
    unit: 'Gbit/s',
    better: 'higher',
    subject: 'osier-ChaCha20-1440',
    details: DETAILS,
    contestants: [
      bulkOf(osier('chacha20-poly1305', 1440)),
      bulkOf(osier('chacha20-poly1305', 1200)),
      roof('chacha20-poly1305', 1440),
      roof('chacha20-poly1305', 1440, 'packets'),
      roof('none', 1440),
      roof('none', 1440, 'packets'),
      bulkOf(quinn('chacha20-poly1305', 1440)),
    ],
    bars: [...againstQuinn('chacha20-poly1305', { packetBytes: 1440, roofShare: 0.8 })],
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
    details: DETAILS,
    contestants: [
      bulkOf(osier('aes-256-gcm', 1440)),
      roof('aes-256-gcm', 1440),
      bulkOf(quinn('aes-256-gcm', 1440)),
      bulkOf(s2n()),
      ...Object.values(NODE_PEERS).map((entrant) => bulkOf(entrant)),
    ],
    bars: [
      ...againstQuinn('aes-256-gcm', { packetBytes: 1440, roofShare: 0.7 }),
      { against: 's2n-quic', relation: 'at least', bound: 1.15 },
      { against: 'libp2p-quic-64k', relation: 'at least', bound: 4 },
      { against: 'udx', relation: 'at least', bound: 6 },
    ],
  }),
  () => ({
    name: 'bulk-pauses',
    title: 'Pauses and crossings beside bulk',
    about: [
      'The longest pause of either end in 60 seconds of bulk (perf_hooks, all kinds of collections), and how late the loops were; packets of 1440 bytes.',
      'A crossing is a call between JavaScript and the engine, in either direction; packets are those sent and received by that end.',
    ],
    unit: 'ms',
    better: 'lower',
    subject: 'osier-AES-1440',
    details: PAUSES_DETAILS,
    contestants: [pausesOf(osier('aes-256-gcm', 1440))],
    bars: [{ relation: 'at most', bound: 5 }],
  }),
  () => shapes('aes-256-gcm'),
  () => shapes('chacha20-poly1305'),
  () => largest('aes-256-gcm'),
  () => largest('chacha20-poly1305'),
];
