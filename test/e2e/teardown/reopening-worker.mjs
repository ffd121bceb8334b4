// Joins a group and leaves it, as often as it is told, while others leave letters for it.
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createEngine } from './traffic.mjs';

const KINDS = { handshake: 1 };
/** @type {{ readonly group: bigint, readonly shard: number, readonly shards: number, readonly rounds: number }} */
const { group, shard, shards, rounds } = workerData;
let told = 0;
for (let round = 0; round < rounds; round++) {
  const before = told;
  const engine = createEngine(
    (records) => {
      for (let at = 0; at < records * 8; at += 8) if (engine.events[at] === KINDS.handshake) told++;
      // Every third one closes inside its listener, with letters behind it.
      if (round % 3 === 0) engine.close();
    },
    { shard, shards },
  );
  engine.setAdmissionKeys(new Uint8Array(64));
  engine.joinShardGroup(group);
  // Joining again gives the first place up.
  if (round % 2 === 0) engine.joinShardGroup(group);
  if (round % 5 > 0) while (told === before) await setImmediate();
  engine.close();
}
parentPort?.postMessage(told);
