// A shard whose thread does not turn its loop until it is told to: what is left for it waits. Then it says how many datagrams it was left.
import { parentPort, workerData } from 'node:worker_threads';
import { ENGINE_COUNTERS } from '../../../dist/engine/engine.js';
import { createEngine } from '../teardown/traffic.mjs';

const RECEIVED = 8;
/** @type {{ readonly group: bigint, readonly gate: Int32Array }} */
const { group, gate } = workerData;
const engine = createEngine(() => {}, { shard: 1, shards: 2 });
engine.joinShardGroup(group);
parentPort?.postMessage('joined');
Atomics.wait(gate, 0, 0);
const counters = new BigUint64Array(ENGINE_COUNTERS);
setImmediate(look);

function look() {
  engine.stats(counters);
  if (counters[RECEIVED] === 0n) {
    setImmediate(look);
    return;
  }
  parentPort?.postMessage(Number(counters[RECEIVED]));
  engine.close();
}
