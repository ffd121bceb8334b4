// What further threads bring.
import { pinnableCores } from '../lib/machine.mjs';
import { measureShards } from '../workloads/shards.mjs';

/** Connections for each shard of the largest number: they fall on shards by chance. */
const CONNECTIONS_EACH = 8;
/** What a shard is to bring of what the first brings, up to this many. */
const [SHARE, SHARDS_WITH_TARGET] = [0.7, 8];

/** @param {number} shards @param {{ most: number, allCores: readonly number[] }} machine @returns {import('../lib/benchmark.mjs').Contestant} */
function shardsOf(shards, { most, allCores }) {
  const nodeCores = allCores.slice(-Math.max(1, shards));
  const clientCores = allCores.slice(0, Math.max(1, Math.floor(allCores.length / 2)));
  const isShared = clientCores.some((core) => nodeCores.includes(core));
  const settings = `cipher aes-256-gcm; node on ${nodeCores.length} cores, callers on ${clientCores.length}${isShared ? ', some of them the same' : ''}`;
  return {
    id: `osier-shards-${shards}`,
    label: `Osier, ${shards === 0 ? 'no shards' : shards === 1 ? '1 shard' : `${shards} shards`}`,
    run: async ({ warmUpMs, measureMs }) => {
      const work = { shards, connections: most * CONNECTIONS_EACH, nodeCores, clientCores, cipher: 'aes-256-gcm', warmUpMs, measureMs };
      const { gbitPerSecond, ...details } = await measureShards(work);
      return { value: gbitPerSecond, settings, details };
    },
  };
}

/** @type {readonly (() => import('../lib/benchmark.mjs').Benchmark)[]} */
export const benchmarks = [
  () => {
    const { allCores } = pinnableCores();
    const most = Math.max(2, Math.floor(allCores.length / 2));
    const counts = [0, 1, ...[2, 4, 8, 16, 32, 64].filter((shards) => shards <= most)];
    const judged = counts.filter((shards) => shards > 1 && shards <= SHARDS_WITH_TARGET && 2 * shards <= allCores.length);
    return {
      name: 'shards',
      title: 'Bulk to a node with shards',
      about: [
        'The same number of connections, one bulk stream each, to a node with no shards, with one, and with more; every byte compared where it arrives.',
        'Targets hold where each shard has a core of its own and callers have as many: not beyond half the cores of the machine.',
      ],
      unit: 'Gbit/s',
      better: 'higher',
      subject: 'osier-shards-1',
      details: { cpuSecondsPerGigabyte: 'CPU of the node, s/GB', busiestShare: "busiest shard's share" },
      contestants: counts.map((shards) => shardsOf(shards, { most, allCores })),
      bars: judged.map((shards) => ({ of: `osier-shards-${shards}`, against: 'osier-shards-1', relation: 'at least', bound: SHARE * shards })),
    };
  },
];
