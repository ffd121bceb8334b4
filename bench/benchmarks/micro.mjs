export const benchmarks = /** @type {(() => import('../lib/benchmark.mjs').Benchmark)[]} */ ([]);
