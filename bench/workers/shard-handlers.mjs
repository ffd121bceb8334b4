// What serves bulk in a sharded node, on whichever thread: compares every byte, and counts in memory that all threads share.
import { asStream } from '../contestants/osier.mjs';
import { receiveVerified } from './bulk-streams.mjs';

/** A count a shard, of bytes; then one of faults.
 * @param {number} shards */
export function makeCounters(shards) {
  return new BigInt64Array(new SharedArrayBuffer((Math.max(1, shards) + 1) * BigInt64Array.BYTES_PER_ELEMENT));
}

/** @param {BigInt64Array} counters */
export function countersOf(counters) {
  const counts = Array.from(counters, (_, index) => Number(Atomics.load(counters, index)));
  return { bytes: counts.slice(0, -1), faults: counts.at(-1) ?? 0 };
}

/** @param {Pick<import('../../dist/index.js').MeshNode, 'handle'>} node @param {BigInt64Array} counters @param {number} shard */
export function serveBulk(node, counters, shard) {
  node.handle('bench', async (stream) => {
    try {
      await receiveVerified(asStream(stream), (count) => {
        Atomics.add(counters, shard, BigInt(count));
      });
    } catch (error) {
      Atomics.add(counters, counters.length - 1, 1n);
      throw error;
    }
  });
}

/** @type {import('../../dist/index.js').ShardModule['register']} */
export const register = (shard) => serveBulk(shard, /** @type {BigInt64Array} */ (shard.data), shard.index);
