// All benchmarks, in the order of the report.
import { benchmarks as bulk } from './bulk.mjs';
import { benchmarks as echo } from './echo.mjs';
import { benchmarks as lossy } from './lossy.mjs';
import { benchmarks as messages } from './messages.mjs';
import { benchmarks as setUp } from './set-up.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark */

/** Those on the loopback.
 * @returns {readonly Benchmark[]} */
export function loopbackBenchmarks() {
  return [...bulk, ...messages, ...echo, ...setUp].map((make) => make());
}

/** Those across emulated links, which take half a minute a contestant and cell.
 * @returns {readonly Benchmark[]} */
export function lossyBenchmarks() {
  return lossy.map((make) => make());
}
