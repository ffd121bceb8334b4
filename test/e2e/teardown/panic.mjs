// One panic in a process of its own: `node panic.mjs WHERE`, with OSIER_TEST_ADDON naming an addon that can panic on purpose. Exits with 0 when the
// panic ended its engine, told so, and harmed nothing else.
import { createSocket } from 'node:dgram';
import { startTraffic } from './traffic.mjs';

const ENGINE_FAILED = 17;
const WARM_BYTES = 1 << 20;
const [where = ''] = process.argv.slice(2);

/** @typedef {import('./traffic.mjs').Engine & { panicNow(): void, panicOnReceive(): void }} Breakable */

const bystander = await warmTraffic(() => {});
const before = bystander.moved();
let thrown = false;
const broken = await warmTraffic((engine) => {
  if (where === 'listener') panicNow(engine);
});
const engine = /** @type {Breakable} */ (broken.engines[0]);
if (where === 'method') panicNow(engine);
if (where === 'loop') engine.panicOnReceive();

const message = await broken.failed;
if (message !== 'a fault in the engine: a fault on purpose') throw new Error(`told "${message}"`);
if (where !== 'loop' && !thrown) throw new Error('the method that panicked returned');
if (engine.write(0, 0, new Uint8Array(1)) !== -1) throw new Error('a failed engine took bytes');
await bindElsewhere(broken.ports[0]);
while (bystander.moved() < before + WARM_BYTES) await new Promise(setImmediate);
bystander.close();
broken.close();

/** @param {Breakable} engine */
function panicNow(engine) {
  if (thrown) return;
  try {
    engine.panicNow();
  } catch {
    thrown = true;
  }
}

/** @param {(engine: Breakable) => void} onWarm called inside a listener */
function warmTraffic(onWarm) {
  /** @type {Promise<ReturnType<typeof startTraffic> & { failed: Promise<string> }>} */
  const warm = new Promise((resolve) => {
    /** @type {(message: string) => void} */
    let tell = () => {};
    const failed = new Promise((told) => {
      tell = told;
    });
    const traffic = startTraffic(
      (moved) => {
        if (moved < WARM_BYTES) return;
        onWarm(/** @type {Breakable} */ (traffic.engines[0]));
        resolve({ ...traffic, failed });
      },
      (kind, bytes) => {
        if (kind === ENGINE_FAILED) tell(new TextDecoder().decode(bytes));
      },
    );
  });
  return warm;
}

/** @param {number} port */
function bindElsewhere(port) {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(undefined)));
  });
}
