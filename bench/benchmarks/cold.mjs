// What it costs before the first byte: the start of a process, and what lies on the disk.
import { startProcess } from '../lib/ends.mjs';
import { sizeOfContestant, sizeOfOsier } from '../lib/install-size.mjs';
import { spreadOf } from '../lib/statistics.mjs';
import { contestantOf, NODE_PEERS, osier } from './entrants.mjs';

/** @typedef {import('../lib/ends.mjs').Entrant} Entrant @typedef {import('../lib/benchmark.mjs').Contestant} Contestant */

/** @param {Entrant} entrant @returns {Contestant} */
function startOf(entrant) {
  return contestantOf(entrant, async ({ cores, starts }) => {
    /** @type {Record<string, any>[]} */
    const reports = [];
    for (let start = 0; start < starts; start++) {
      const process = startProcess(cores[1], entrant, 'cold-start', {}, []);
      try {
        reports.push(await process.next());
      } finally {
        await process.stop();
      }
    }
    const median = (/** @type {string} */ name) => spreadOf(reports.map((report) => report[name])).median;
    return { value: median('fromImportMs'), settings: reports[0]?.settings ?? '', details: { fromProcessMs: median('fromProcessMs') } };
  });
}

/** @param {string} id @param {string} label @param {() => import('../lib/install-size.mjs').InstallSize} measure @returns {Contestant} */
function sizeOf(id, label, measure) {
  return {
    id,
    label,
    run: async () => {
      const { bytes, addonBytes, dependencies, packages } = measure();
      return { value: bytes / 1e6, settings: 'unpacked', details: { addonMegabytes: addonBytes / 1e6, dependencies, packages } };
    },
  };
}

/** @type {readonly (() => import('../lib/benchmark.mjs').Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'cold-start',
    title: 'From import to listening',
    about: [
      'A new process imports the package, makes an identity and binds a port; the median of 20 processes, by the clock of the process.',
      'A message to itself shows that it listens; it does not count. The files are in the cache of the system.',
    ],
    unit: 'ms',
    better: 'lower',
    subject: 'osier-AES',
    details: { fromProcessMs: 'from the start of the process, ms' },
    contestants: [osier('aes-256-gcm'), ...['udx', 'libp2p', 'iroh', 'tcp'].flatMap((name) => NODE_PEERS[name] ?? [])].map(startOf),
    bars: [{ relation: 'at most', bound: 50 }],
  }),
  () => ({
    name: 'cold-size',
    title: 'What an install holds',
    about: [
      'Bytes of the package and of all that it needs, unpacked, for this platform; of Osier what `npm pack` packs, with the addon.',
      'Dependencies are those that the package names; packages are all that come, itself included.',
    ],
    unit: 'MB',
    better: 'lower',
    subject: 'osier',
    details: { addonMegabytes: 'largest addon, MB', dependencies: 'dependencies', packages: 'packages' },
    contestants: [
      sizeOf('osier', 'Osier', sizeOfOsier),
      sizeOf('udx', 'udx-native + secret-stream', () => sizeOfContestant(['udx-native', '@hyperswarm/secret-stream'])),
      sizeOf('libp2p-quic', 'libp2p-quic', () => sizeOfContestant(['@chainsafe/libp2p-quic', '@libp2p/crypto'])),
      sizeOf('iroh', 'iroh', () => sizeOfContestant(['@number0/iroh'])),
    ],
    bars: [
      { figure: 'addonMegabytes', relation: 'at most', bound: 1 },
      { figure: 'dependencies', relation: 'at most', bound: 6 },
    ],
  }),
];
