// All benchmarks, in the order of the report.
import { benchmarks as bulk } from './bulk.mjs';
import { benchmarks as echo } from './echo.mjs';
import { benchmarks as messages } from './messages.mjs';
import { benchmarks as setUp } from './set-up.mjs';

/** Made when they are needed: what they name may have to be built first.
 * @returns {readonly import('../lib/benchmark.mjs').Benchmark[]} */
export function allBenchmarks() {
  return [...bulk, ...messages, ...echo, ...setUp].map((make) => make());
}
