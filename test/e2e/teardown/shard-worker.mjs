// One shard in a worker: on the port and in the group that it is told, with one association in full traffic. The thread that started it may end it at
// any moment.
import { parentPort, workerData } from 'node:worker_threads';
import { HOST, Traffic } from './shard-traffic.mjs';

/** @type {{ readonly group: bigint, readonly shard: number, readonly shards: number, readonly port: number }} */
const { group, shard, shards, port: asked } = workerData;
const traffic = new Traffic(1, { shard, shards });
const { port } = traffic.engine.bind(HOST, asked, true);
traffic.engine.joinShardGroup(group);
const own = traffic.associate();
parentPort?.postMessage({ port, index: own.index });
parentPort?.on('message', (/** @type {{ index: number, port: number } | Uint8Array} */ message) => {
  if (message instanceof Uint8Array) traffic.engine.steer(message);
  else traffic.connect(own, message);
});
