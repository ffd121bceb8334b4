// Lossy and long paths: the same emulated link for TCP, QUIC and Osier, in every cell of loss, round trip and rate.
import { setTimeout } from 'node:timers/promises';
import { acrossLink } from '../lib/emulated-link.mjs';
import { startEnds } from '../lib/ends.mjs';
import { namespaceObstacle } from '../lib/namespaces.mjs';
import { BESIDE_DETAILS, measureBeside } from './beside-bulk.mjs';
import { contestantOf, NODE_PEERS, osier, quinn } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant @typedef {import('../lib/benchmark.mjs').Bar} Bar */
/** @typedef {import('../lib/benchmark.mjs').Context} Context @typedef {import('../lib/benchmark.mjs').Result} Result @typedef {import('../lib/ends.mjs').Place} Place */
/** @typedef {{ loss: number, delayMs: number, megabits: number }} Cell `delayMs` there and back together. */

const LOSS = [0, 0.001, 0.01, 0.05];
const ROUND_TRIPS_MS = [1, 20, 100, 200];
const MEGABITS = [10, 100, 500];

/** Of each cell, by the plan that bulk on the loopback has 4 s in. */
const CELL_FACTOR = 7.5;
/** Transfers of 1 MB a round. */
const TRANSFERS = 5;
/** What a transfer of 100 MB may take, and the slowest link that could do it. */
const [FINISH_MS, FINISH_MEGABITS] = [60_000, 14];
/** Of the time of a share: what counts begins when both have found their pace. */
const SHARE_WARM_UP = 1 / 6;
/** Between two messages beside bulk. */
const INTERVAL_MS = 10;

const osierWith = (/** @type {'cubic' | 'bbr'} */ congestion) => ({
  ...osier('aes-256-gcm'),
  id: `osier-${congestion}`,
  label: `Osier, ${congestion.toUpperCase()}`,
  by: { module: 'osier', options: { cipher: 'aes-256-gcm', congestion } },
});
const quinnWith = (/** @type {'cubic' | 'bbr'} */ congestion) => ({
  ...quinn('aes-256-gcm', 1440),
  id: `quinn-${congestion}`,
  label: `quinn, ${congestion.toUpperCase()}`,
  plan: { cipher: 'aes-256-gcm', packetBytes: 1440, congestion },
});
/** @param {'cubic' | 'bbr'} congestion The kernel's, set for the namespaces. @returns {Entrant} */
const tcpWith = (congestion) => ({ id: `tcp-${congestion}`, label: `TCP, ${congestion.toUpperCase()}`, by: { module: 'tcp' } });
const tlsPeer = /** @type {Entrant} */ ({ ...NODE_PEERS.tls, id: 'tls-cubic', label: 'TLS, CUBIC' });

/** Each at both controllers. */
const entrants = () => [osierWith('cubic'), osierWith('bbr'), quinnWith('cubic'), quinnWith('bbr'), tcpWith('cubic'), tcpWith('bbr')];

/** What is measured in every cell.
 * @typedef {object} Kind
 * @property {string} family
 * @property {string} title
 * @property {readonly [string, string]} about
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {Readonly<Record<string, string>>} [details]
 * @property {(entrant: Entrant, places: readonly [Place, Place], context: Context, cell: Cell) => Promise<Result | null>} measure
 * @property {() => Entrant[]} entrants
 * @property {(cell: Cell) => readonly Bar[]} bars
 * @property {(cell: Cell) => boolean} [isFor]
 */

const LINK = 'across an emulated link between two network namespaces: a queue of one product of rate and round trip, random loss each way.';

/** @type {readonly Kind[]} */
const KINDS = [
  {
    family: 'lossy-goodput',
    title: 'Goodput',
    about: [`One stream ${LINK}`, 'Payload delivered and compared in the first 30 s of the connection, its start included.'],
    unit: 'Mbit/s',
    better: 'higher',
    entrants,
    measure: (entrant, places, { measureMs }) => goodput(entrant, places, { warmUpMs: 0, measureMs: measureMs * CELL_FACTOR }),
    bars: ({ megabits }) => [
      ...['osier-cubic', 'osier-bbr'].flatMap((of) =>
        ['quinn-cubic', 'tcp-cubic'].map((against) => /** @type {const} */ ({ of, against, relation: 'at least', bound: 0.9 })),
      ),
      { of: 'osier-bbr', against: 'quinn-bbr', relation: 'at least', bound: 0.9 },
      { of: 'osier-bbr', against: 'tcp-cubic', relation: 'at least', bound: 3, where: { of: 'tcp-cubic', below: megabits / 4 } },
    ],
  },
  {
    family: 'lossy-1MB',
    title: 'Completion of 1 MB',
    about: [`A new connection and 1 MB ${LINK}`, 'Until the answer that all of it has arrived and is what was sent; the median of a few transfers.'],
    unit: 'ms',
    better: 'lower',
    entrants: () => [...entrants(), tlsPeer],
    measure: (entrant, places, { measureMs }) => completion(entrant, places, { bytes: 1e6, trips: measureMs < 1_000 ? 1 : TRANSFERS }),
    bars: () => ['quinn-cubic', 'tcp-cubic'].map((against) => ({ of: 'osier-cubic', against, relation: 'at most', bound: 1 / 0.9 })),
  },
  {
    family: 'lossy-100MB',
    title: 'Completion of 100 MB',
    about: [
      `A new connection and 100 MB ${LINK}`,
      'Until the answer that all of it has arrived and is what was sent; who needs more than 60 s is left out.',
    ],
    unit: 'ms',
    better: 'lower',
    entrants,
    measure: (entrant, places) => completion(entrant, places, { bytes: 1e8, trips: 1 }),
    bars: () => ['quinn-cubic', 'tcp-cubic'].map((against) => ({ of: 'osier-cubic', against, relation: 'at most', bound: 1 / 0.9 })),
    isFor: ({ megabits }) => megabits >= FINISH_MEGABITS,
  },
  {
    family: 'lossy-beside',
    title: '64 bytes beside bulk',
    about: [
      `A message every ${INTERVAL_MS} ms beside a bulk stream of the same connection ${LINK}`,
      'The 99th percentile of their round trips. The bulk stream has the lowest priority where there are any.',
    ],
    unit: 'ms',
    better: 'lower',
    details: BESIDE_DETAILS,
    entrants,
    measure: (entrant, places, { measureMs }) =>
      measureBeside(entrant, { messageBytes: 64, intervalMs: INTERVAL_MS, warmUpMs: 0, measureMs: measureMs * CELL_FACTOR }, places, {
        comparesTotal: false,
      }),
    bars: () => ['quinn-cubic', 'tcp-cubic'].map((against) => ({ of: 'osier-cubic', against, relation: 'at most', bound: 1 / 0.9 })),
  },
  {
    family: 'lossy-fairness',
    title: 'Share against TCP CUBIC',
    about: [
      `Bulk beside a bulk transfer of TCP with CUBIC, both at once ${LINK}`,
      'What it moves to what that moves, of 30 s the last 25: 1 is an even share.',
    ],
    unit: 'to 1 of TCP',
    better: 'higher',
    details: { megabits: 'its own, Mbit/s', tcpMegabits: 'TCP beside it, Mbit/s' },
    entrants: () => [osierWith('cubic'), osierWith('bbr'), quinnWith('cubic'), quinnWith('bbr'), tcpWith('cubic')],
    measure: (entrant, places, { measureMs }) => share(entrant, places, measureMs * CELL_FACTOR),
    bars: () => [
      { of: 'osier-cubic', relation: 'at least', bound: 0.5 },
      { of: 'osier-cubic', relation: 'at most', bound: 2 },
    ],
  },
];

/** @param {Entrant} entrant @param {readonly [Place, Place]} places @param {{ warmUpMs: number, measureMs: number }} times @returns {Promise<Result>} */
async function goodput(entrant, places, times) {
  const { receiver, sender, settings, stop } = await startEnds(entrant, 'bulk', { streams: 1, both: 0, ...times }, places);
  try {
    await sender.next();
    const { count, micros } = await receiver.next();
    return { value: (count * 8) / micros, settings, details: {} };
  } finally {
    // What is under way when the time is over has been compared as far as it came.
    await stop();
  }
}

/** @param {Entrant} entrant @param {readonly [Place, Place]} places @param {{ bytes: number, trips: number }} plan @returns {Promise<Result | null>} */
async function completion(entrant, places, plan) {
  const { sender, settings, stop } = await startEnds(entrant, 'completion', plan, places);
  const limit = new AbortController();
  try {
    const done = sender.next();
    done.catch(() => {});
    const report = await Promise.race([done, setTimeout(FINISH_MS * plan.trips, null, { signal: limit.signal })]);
    return report === null ? null : { value: report.p50Micros / 1e3, settings, details: {} };
  } finally {
    limit.abort();
    await stop();
  }
}

/** @param {Entrant} entrant @param {readonly [Place, Place]} places @param {number} measureMs @returns {Promise<Result>} */
async function share(entrant, places, measureMs) {
  const times = { warmUpMs: measureMs * SHARE_WARM_UP, measureMs: measureMs * (1 - SHARE_WARM_UP) };
  const [ours, theirs] = await Promise.all([goodput(entrant, places, times), goodput(tcpWith('cubic'), places, times)]);
  return { value: ours.value / theirs.value, settings: ours.settings, details: { megabits: ours.value, tcpMegabits: theirs.value } };
}

/** @param {Kind} kind @param {Cell} cell @returns {Benchmark} */
function cellOf(kind, cell) {
  const { family, title, about, unit, better, details = {}, measure } = kind;
  const { loss, delayMs, megabits } = cell;
  const name = `${loss * 100} %, ${delayMs} ms, ${megabits} Mbit/s`;
  const contestants = kind.entrants().map((entrant) =>
    contestantOf(entrant, (context) => {
      const controller = entrant.id === 'tcp-bbr' ? 'bbr' : 'cubic';
      const faults = /** @type {const} */ ({ controller, seed: context.round + 1, delayMs: delayMs / 2, loss, bitsPerSecond: megabits * 1e6 });
      return acrossLink(faults, context.cores, (places) => measure(entrant, places, context, cell));
    }),
  );
  return {
    name: `${family}-${loss * 100}%-${delayMs}ms-${megabits}Mbit`,
    title: `${title}: ${name}`,
    about,
    unit,
    better,
    subject: 'osier-cubic',
    details,
    cell: { family, cell: name },
    obstacle: namespaceObstacle,
    contestants,
    bars: kind.bars(cell),
  };
}

const CELLS = LOSS.flatMap((loss) => ROUND_TRIPS_MS.flatMap((delayMs) => MEGABITS.map((megabits) => ({ loss, delayMs, megabits }))));

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = KINDS.flatMap((kind) => CELLS.filter((cell) => kind.isFor?.(cell) ?? true).map((cell) => () => cellOf(kind, cell)));
