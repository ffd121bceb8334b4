// How many handshakes a core completes.
import { setTimeout } from 'node:timers/promises';
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn } from './entrants.mjs';

/** @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** What all of them may take. */
const ALL_MS = 600_000;
const ATTEMPTS = 20;
const PAUSE_MS = 50;

/** @param {Entrant} entrant @param {number} [share] Of the connections: slow contestants do fewer. */
function handshakesOf(entrant, share = 1) {
  return contestantOf(entrant, async ({ cores, connections }) => {
    const plan = { connections: Math.ceil(connections * share), dialers: 1 };
    const { receiver, sender, settings, stop } = await startEnds(entrant, 'handshakes', plan, cores);
    try {
      const { count, micros, cpuMicros, p50Micros, p99Micros } = await sender.next(ALL_MS);
      const there = await acceptedBy(receiver, count);
      if (there.accepted < count) throw new Error(`${count} connections were made and ${there.accepted} accepted`);
      return {
        value: (count / micros) * 1e6,
        settings,
        details: {
          p50Millis: p50Micros / 1e3,
          p99Millis: p99Micros / 1e3,
          receiverCpuMicros: there.cpuMicros / count,
          senderCpuMicros: cpuMicros / count,
          count,
        },
      };
    } finally {
      await stop();
    }
  });
}

/** The listener's own count, which may lag behind the callers' by what is on its way.
 * @param {import('../lib/pinned-process.mjs').PinnedProcess} receiver @param {number} count */
async function acceptedBy(receiver, count) {
  for (let attempt = 1; ; attempt++) {
    receiver.send('count');
    const report = await receiver.next();
    if (report.accepted >= count || attempt === ATTEMPTS) return report;
    await setTimeout(PAUSE_MS);
  }
}

/** @type {readonly (() => import('../lib/benchmark.mjs').Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'handshakes',
    title: 'Handshakes',
    about: [
      '10,000 connections to one listener on one core, 32 under way at once, five by each endpoint of the other core; one that fails fails the benchmark.',
      'Endpoints exist before. The listener must have accepted as many as were made; Osier also pings through each, and each of its endpoints has an address of its own, since a node under load bounds what it answers to one. libp2p-quic makes a tenth of them.',
    ],
    unit: 'a second',
    better: 'higher',
    subject: 'osier-AES',
    details: {
      p50Millis: 'p50, ms',
      p99Millis: 'p99, ms',
      receiverCpuMicros: 'CPU of the listener, us each',
      senderCpuMicros: 'CPU of the callers, us each',
      count: 'connections',
    },
    contestants: [
      handshakesOf(osier('aes-256-gcm')),
      handshakesOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }),
      ...['libp2p', 'tls'].flatMap((name) => NODE_PEERS[name] ?? []).map((entrant) => handshakesOf(entrant, entrant.id === 'tls' ? 1 : 0.1)),
    ],
    bars: [{ relation: 'at least', bound: 1_500 }],
  }),
];
