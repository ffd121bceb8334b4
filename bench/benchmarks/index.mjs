// All benchmarks, in the order of the report.

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark */
/** @typedef {'loopback' | 'lossy' | 'micro'} Suite `lossy`: across emulated links, half a minute a contestant and cell. `micro`: within one process. */

/** @type {Readonly<Record<Suite, () => Promise<{ benchmarks: readonly (() => Benchmark)[] }[]>>>} */
const SUITES = {
  loopback: () =>
    Promise.all([
      import('./bulk.mjs'),
      import('./messages.mjs'),
      import('./echo.mjs'),
      import('./beside-bulk.mjs'),
      import('./set-up.mjs'),
      import('./handshakes.mjs'),
      import('./many-peers.mjs'),
      import('./shards.mjs'),
      import('./wireguard.mjs'),
      import('./cold.mjs'),
    ]),
  lossy: () => Promise.all([import('./lossy.mjs')]),
  micro: () => Promise.all([import('./micro.mjs')]),
};

/** @param {Suite} suite @returns {Promise<readonly Benchmark[]>} */
export async function benchmarksOf(suite) {
  return (await SUITES[suite]()).flatMap(({ benchmarks }) => benchmarks.map((make) => make()));
}
