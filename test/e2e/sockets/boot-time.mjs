// Prints the engine's time in seconds, the machine's since it started, sleep included, and that of its clock that sleeps with it.
import { readFileSync } from 'node:fs';
import { createDetachedEngine } from '../../../dist/engine/detached-engine.js';

const config = {
  ...{ idleTimeoutMicros: 0, peerLostAfterMicros: 30_000_000, keepAliveMicros: 0, memoryBytes: 2 ** 26, peers: 80, streamsPerPeer: 8 },
  ...{ streamWindowBytes: 2 ** 20, messageBytes: 2 ** 24, initialDataBytes: 49_152, initialStreamDataBytes: 49_152, mtuBytes: 1_200, congestion: 0 },
};
const engine = createDetachedEngine(config, () => {}, { wake: () => {}, seed: null, startMicros: null });
const bootSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
console.log(JSON.stringify({ engineSeconds: engine.now() / 1e6, bootSeconds, awakeSeconds: Number(process.hrtime.bigint()) / 1e9 }));
