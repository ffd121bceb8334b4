// What holds the event loop of this process up, and how often JavaScript and the engine call one another, from its making on.
import { createRequire } from 'node:module';
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';

/** Milliseconds between two looks at the loop. */
const LOOK_MS = 1;
const load = createRequire(import.meta.url);

/** Calls between JavaScript and the addon in both directions, of all engines that are made from now on. */
function countCrossings() {
  const counted = { calls: 0, batches: 0 };
  const addon = load('../../build/osier.node');
  const { NativeEngine } = addon;
  addon.NativeEngine = class {
    /** @param {unknown} config @param {(records: number) => void} listener */
    constructor(config, listener) {
      const engine = new NativeEngine(config, (/** @type {number} */ records) => {
        counted.batches++;
        listener(records);
      });
      for (const name of Object.getOwnPropertyNames(engine)) {
        const part = engine[name];
        const call = (/** @type {unknown[]} */ ...args) => {
          counted.calls++;
          return part.apply(engine, args);
        };
        Object.defineProperty(this, name, { value: typeof part === 'function' ? call : part });
      }
    }
  };
  return counted;
}

/** Begin it before the contestant is there: it counts only engines that are made after that. */
export function watch() {
  const crossings = countCrossings();
  const pauses = { count: 0, longestMs: 0, totalMs: 0 };
  const take = (/** @type {readonly { duration: number }[]} */ entries) => {
    for (const { duration } of entries) {
      pauses.count++;
      pauses.totalMs += duration;
      pauses.longestMs = Math.max(pauses.longestMs, duration);
    }
  };
  const collections = new PerformanceObserver((list) => take(list.getEntries()));
  const loop = monitorEventLoopDelay({ resolution: LOOK_MS });
  let startMs = performance.now();
  let packetsBefore = 0;
  return {
    /** What counts begins now. @param {number} packets Sent and received so far. */
    begin(packets) {
      collections.observe({ entryTypes: ['gc'] });
      loop.enable();
      startMs = performance.now();
      packetsBefore = packets;
      crossings.calls = 0;
      crossings.batches = 0;
    },
    /** @param {number} packets Sent and received so far. */
    figures(packets) {
      take(collections.takeRecords());
      const seconds = (performance.now() - startMs) / 1e3;
      const all = crossings.calls + crossings.batches;
      const delayMs = (/** @type {number} */ nanos) => Math.max(0, nanos / 1e6 - LOOK_MS);
      return {
        longestCollectionMs: pauses.longestMs,
        collectionShare: pauses.totalMs / 1e3 / seconds,
        collectionsPerSecond: pauses.count / seconds,
        loopDelayP99Ms: delayMs(loop.percentile(99)),
        longestLoopDelayMs: delayMs(loop.max),
        crossingsPerSecond: all / seconds,
        packetsPerCrossing: (packets - packetsBefore) / all,
        callsPerBatch: crossings.calls / crossings.batches,
      };
    },
  };
}
