// From nothing to the first answer.
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** Connections a round, for each thousand round trips of the plan. */
const SHARE_OF_TRIPS = 0.01;
/** As many come before them, and do not count. */
const WARM_UP_SHARE = 1;
/** Between two of them: this is how long one takes, not how many there can be. */
const PAUSE_MS = 5;

/** @param {Entrant} entrant @returns {import('../lib/benchmark.mjs').Contestant} */
function setUpOf(entrant) {
  return contestantOf(entrant, async ({ cores, trips }) => {
    const counted = Math.max(20, Math.ceil(trips * SHARE_OF_TRIPS));
    const plan = { trips: counted, warmUpTrips: Math.ceil(counted * WARM_UP_SHARE), pauseMs: PAUSE_MS, messageBytes: 64 };
    const { sender, settings, stop } = await startEnds(entrant, 'set-up', plan, cores);
    try {
      const { p50Micros, p99Micros, firstMicros } = await sender.next();
      return { value: p50Micros / 1_000, settings, details: { p99Micros, coldMillis: firstMicros / 1_000 } };
    } finally {
      await stop();
    }
  });
}

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'set-up',
    title: 'Connection and first echo',
    about: [
      'A new endpoint, a handshake, a stream, 64 bytes there and back, compared; one every 5 ms at most. The value is the median, after as many that do not count.',
      'Cold is the very first one, whose code is not compiled at either end. TCP is not encrypted.',
    ],
    unit: 'ms',
    better: 'lower',
    subject: 'osier-AES',
    details: { p99Micros: 'p99, us', coldMillis: 'cold, ms' },
    contestants: [
      setUpOf(osier('aes-256-gcm')),
      setUpOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }),
      setUpOf(s2n()),
      ...Object.values(NODE_PEERS)
        .filter(({ id }) => !['libp2p-quic-64k', 'udx-plain'].includes(id))
        .map(setUpOf),
    ],
    bars: [{ bound: 2, relation: 'at most' }],
  }),
];
