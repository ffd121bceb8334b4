// From nothing to the first answer.
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** Connections a round, for each thousand round trips of the plan. */
const SHARE_OF_TRIPS = 0.01;

/** @param {Entrant} entrant @returns {import('../lib/benchmark.mjs').Contestant} */
function setUpOf(entrant) {
  return contestantOf(entrant, async ({ cores, trips }) => {
    const plan = { trips: Math.max(20, Math.ceil(trips * SHARE_OF_TRIPS)), messageBytes: 64 };
    const { sender, settings, stop } = await startEnds(entrant, 'set-up', plan, cores);
    try {
      const { p50Micros, p99Micros } = await sender.next();
      return { value: p50Micros / 1_000, settings, details: { p99Micros } };
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
      'A new endpoint, a handshake, a stream, 64 bytes there and back, compared; one after the other. The value is the median.',
      'TCP is not encrypted.',
    ],
    unit: 'ms',
    better: 'lower',
    subject: 'osier-AES',
    details: { p99Micros: 'p99, us' },
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
