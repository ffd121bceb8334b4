// Lossy and long paths: the same emulated link for TCP, QUIC and Osier.
import { acrossLink } from '../lib/emulated-link.mjs';
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */
/** @typedef {{ loss: number, delayMs: number, megabits: number }} Cell `delayMs` there and back together. */

const LOSS = [0, 0.001, 0.01, 0.05];
const ROUND_TRIPS_MS = [1, 20, 100, 200];
const MEGABITS = [10, 100, 500];

/** Of each cell, by the plan that bulk on the loopback has 4 s in. */
const CELL_FACTOR = 7.5;

/** Each at both controllers. */
const ENTRANTS = /** @type {() => Entrant[]} */ (
  () => [
    { ...osier('aes-256-gcm'), id: 'osier-cubic', label: 'Osier, CUBIC', by: { module: 'osier', options: { congestion: 'cubic' } } },
    { ...osier('aes-256-gcm'), id: 'osier-bbr', label: 'Osier, BBR', by: { module: 'osier', options: { congestion: 'bbr' } } },
    { ...quinn('aes-256-gcm', 1440), id: 'quinn-cubic', label: 'quinn, CUBIC' },
    { ...quinn('aes-256-gcm', 1440), id: 'quinn-bbr', label: 'quinn, BBR', plan: { cipher: 'aes-256-gcm', packetBytes: 1440, congestion: 'bbr' } },
    { ...NODE_PEERS.tcp, id: 'tcp-cubic', label: 'TCP, CUBIC' },
    { ...NODE_PEERS.tcp, id: 'tcp-bbr', label: 'TCP, BBR' },
  ]
);

/** @param {Entrant} entrant @param {Cell} cell @returns {import('../lib/benchmark.mjs').Contestant} */
function goodputOf(entrant, { loss, delayMs, megabits }) {
  return contestantOf(entrant, ({ cores, measureMs, round }) => {
    const controller = entrant.id === 'tcp-bbr' ? 'bbr' : 'cubic';
    const faults = /** @type {const} */ ({ controller, seed: round + 1, delayMs: delayMs / 2, loss, bitsPerSecond: megabits * 1e6 });
    const plan = { streams: 1, both: 0, warmUpMs: 0, measureMs: measureMs * CELL_FACTOR };
    return acrossLink(faults, cores, async (places) => {
      const { receiver, sender, settings, stop } = await startEnds(entrant, 'bulk', plan, places);
      try {
        await sender.next();
        const { count, micros } = await receiver.next();
        return { value: (count * 8) / micros, settings, details: {} };
      } finally {
        // What is under way when the time is over has been compared as far as it came.
        await stop();
      }
    });
  });
}

/** @param {Cell} cell @returns {Benchmark} */
function cellOf(cell) {
  const { loss, delayMs, megabits } = cell;
  return {
    name: `lossy-${loss * 100}%-${delayMs}ms-${megabits}Mbit`,
    title: `${megabits} Mbit/s, ${delayMs} ms, ${loss * 100} % loss`,
    about: [
      'One stream across an emulated link between two network namespaces: a queue of one product of rate and round trip, random loss each way.',
      'Payload delivered and compared in the first seconds of the connection, its start included.',
    ],
    unit: 'Mbit/s',
    better: 'higher',
    subject: 'osier-bbr',
    contestants: ENTRANTS().map((entrant) => goodputOf(entrant, cell)),
    bars: [
      { against: 'quinn-cubic', relation: 'at least', bound: 0.9 },
      { against: 'quinn-bbr', relation: 'at least', bound: 0.9 },
      { against: 'tcp-cubic', relation: 'at least', bound: 0.9 },
    ],
  };
}

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = LOSS.flatMap((loss) =>
  ROUND_TRIPS_MS.flatMap((delayMs) => MEGABITS.map((megabits) => () => cellOf({ loss, delayMs, megabits }))),
);
