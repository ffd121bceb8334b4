// Round trips of 64 bytes and 1 KiB, one at a time, on an idle session.
import { startEnds } from '../lib/ends.mjs';
import { measureEcho as measureDgramEcho } from '../workloads/echo-dgram.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** @param {Entrant} entrant @param {number} messageBytes @param {number} [share] Of the trips: slow contestants do fewer.
 * @returns {import('../lib/benchmark.mjs').Contestant} */
function echoOf(entrant, messageBytes, share = 1) {
  return contestantOf(entrant, async ({ cores, trips }) => {
    const { sender, settings, stop } = await startEnds(entrant, 'echo', { trips: Math.ceil(trips * share), messageBytes }, cores);
    try {
      const { p50Micros, p99Micros, p999Micros } = await sender.next();
      return { value: p50Micros, settings, details: { p99Micros, p999Micros } };
    } finally {
      await stop();
    }
  });
}

/** @param {number} messageBytes @param {boolean} isSealed @returns {import('../lib/benchmark.mjs').Contestant} */
function dgramEcho(messageBytes, isSealed) {
  return {
    id: isSealed ? 'dgram-crypto' : 'dgram',
    label: isSealed ? 'node:dgram with AES-256-GCM of node:crypto, not reliable' : 'node:dgram, neither encrypted nor reliable',
    run: async ({ cores, trips }) => {
      const { p50Micros, p99Micros, p999Micros } = await measureDgramEcho({ cores, trips, messageBytes, isSealed });
      return { value: p50Micros, settings: 'connected socket, callbacks', details: { p99Micros, p999Micros } };
    },
  };
}

/** @type {Entrant} */
const spinning = {
  ...osier('aes-256-gcm'),
  id: 'osier-spin',
  label: 'Osier, AES, busy polling',
  by: { module: 'osier', options: { cipher: 'aes-256-gcm', spinMicros: '200' } },
};

/** @param {number} messageBytes @param {string} size @returns {Benchmark} */
const echo = (messageBytes, size) => ({
  name: `echo-${messageBytes}`,
  title: `Round trip of ${size}, idle`,
  about: [
    `${size} there and back over one stream, one at a time; every answer is compared. The value is the median; p99 and p99.9 are in the details.`,
    'Each end is pinned to a core of its own: waking an idle core is a large part of every figure but that of busy polling.',
  ],
  unit: 'us',
  better: 'lower',
  subject: 'osier-AES',
  isExtra: messageBytes !== 64,
  details: { p99Micros: 'p99, us', p999Micros: 'p99.9, us' },
  contestants: [
    echoOf(osier('aes-256-gcm'), messageBytes),
    echoOf(spinning, messageBytes),
    dgramEcho(messageBytes, false),
    dgramEcho(messageBytes, true),
    echoOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }, messageBytes),
    echoOf(s2n(), messageBytes),
    ...Object.values(NODE_PEERS).map((entrant) => echoOf(entrant, messageBytes, entrant.id === 'iroh' ? 0.1 : 0.5)),
  ],
  bars:
    messageBytes === 64
      ? [
          { against: 'dgram', relation: 'at most', bound: 0.9 },
          { figure: 'p99Micros', against: 'dgram', relation: 'at most', bound: 0.9 },
          { against: 'quinn', relation: 'at most', bound: 1 },
          { figure: 'p99Micros', against: 'quinn', relation: 'at most', bound: 1 },
          { of: 'osier-spin', against: 'dgram', relation: 'at most', bound: 0.2 },
        ]
      : [],
});

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [() => echo(64, '64 bytes'), () => echo(1_024, '1 KiB')];
