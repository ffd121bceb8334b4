// Runs traffic in a worker and does what it is told to once enough has moved; the thread that started it may end it at any moment.
import { parentPort, workerData } from 'node:worker_threads';
import { startTraffic } from './traffic.mjs';

/** Enough that windows have opened and acknowledgements, timers and both directions are in full swing. */
const WARM_BYTES = 1 << 20;

/** @type {{ then: 'nothing' | 'exit' | 'throw' }} */
const { then } = workerData;
let warm = false;
const traffic = startTraffic((moved) => {
  if (warm || moved < WARM_BYTES) return;
  warm = true;
  parentPort?.postMessage({ ports: traffic.ports });
  if (then === 'exit') process.exit(3);
  if (then === 'throw') throw new Error('thrown in the listener');
});
