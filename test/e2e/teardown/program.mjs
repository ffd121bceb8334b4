// One scenario in a process of its own: `node program.mjs SCENARIO ROUNDS`. Exits with 0, or with the code that the scenario is about; a crash shows as a signal.
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createEngine, startTraffic } from './traffic.mjs';

const WARM_BYTES = 1 << 20;
/** What 100 pairs may leave: each has rings of more than a megabyte, so that one kept a round is far above. */
const MEMORY_GROWTH_MAX = 24 << 20;
const [scenario = '', roundsText = '1'] = process.argv.slice(2);
const rounds = Number(roundsText);
/** Descriptors of the runtime itself. */
const OPEN_AT_START = readdirSync('/proc/self/fd').length;

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  terminate,
  'terminate-one-of-two': terminateOneOfTwo,
  'worker-exit': () => workerEnds('exit'),
  'worker-throw': () => workerEnds('throw'),
  exit: () => inListener(() => process.exit(7)),
  throw: () => inListener(() => fail('thrown in the listener')),
  'throw-caught': throwCaught,
  'close-in-listener': closeInListener,
  'close-outside': closeOutside,
  'close-while-closing': closeWhileClosing,
  'leave-open': leaveOpen,
  'garbage-without-socket': garbageWithoutSocket,
  'garbage-with-traffic': garbageWithTraffic,
  'detached-arrays': detachedArrays,
  memory,
};
await (scenarios[scenario] ?? (() => fail(`no scenario "${scenario}"`)))();

async function terminate() {
  for (let round = 0; round < rounds; round++) {
    const { worker, ports } = await startWorker('nothing');
    await worker.terminate();
    await requireFree(ports);
  }
}

/** The first environment to end must not take anything from the second. */
async function terminateOneOfTwo() {
  for (let round = 0; round < rounds; round++) {
    const pair = await Promise.all([startWorker('nothing'), startWorker('nothing')]);
    const own = await warmTraffic();
    await pair[0].worker.terminate();
    await movesOn(own);
    await pair[1].worker.terminate();
    await movesOn(own);
    own.close();
    await requireFree([...pair[0].ports, ...pair[1].ports, ...own.ports]);
  }
}

/** @param {'exit' | 'throw'} then */
async function workerEnds(then) {
  for (let round = 0; round < rounds; round++) {
    const worker = newWorker(then);
    /** @type {unknown} */
    let thrown;
    worker.once('error', (error) => {
      thrown = error;
    });
    const ports = portsOf(worker);
    const code = await new Promise((resolve) => worker.once('exit', resolve));
    if (code !== (then === 'exit' ? 3 : 1)) fail(`the worker ended with ${code}`);
    if ((thrown !== undefined) !== (then === 'throw')) fail(`the worker threw ${String(thrown)}`);
    await requireFree(await ports);
  }
}

/** Never comes back: `action` ends the process.
 * @param {() => void} action @returns {Promise<void>} */
function inListener(action) {
  startTraffic((moved) => {
    if (moved > WARM_BYTES) action();
  });
  return new Promise(() => {});
}

async function throwCaught() {
  let caught = 0;
  process.on('uncaughtException', () => {
    caught++;
  });
  const traffic = startTraffic((moved) => {
    if (moved > WARM_BYTES && caught < rounds) fail('thrown in the listener');
  });
  while (caught < rounds) await setImmediate();
  await movesOn(traffic);
  traffic.close();
  await requireFree(traffic.ports);
}

async function closeInListener() {
  for (let round = 0; round < rounds; round++) {
    /** @type {ReturnType<typeof startTraffic>} */
    const traffic = await new Promise((resolve) => {
      const started = startTraffic((moved) => {
        if (moved < WARM_BYTES) return;
        started.close();
        started.close();
        useAfterClose(started.engines);
        resolve(started);
      });
    });
    await requireFree(traffic.ports);
  }
  await noDescriptorLeft();
}

async function closeOutside() {
  for (let round = 0; round < rounds; round++) {
    const traffic = await warmTraffic();
    traffic.close();
    // The very same ports, in the same tick.
    const again = traffic.ports.map((port) => {
      const engine = createEngine(() => {});
      engine.bind('127.0.0.1', port);
      return engine;
    });
    useAfterClose(traffic.engines);
    traffic.close();
    for (const engine of again) engine.close();
  }
  await noDescriptorLeft();
}

/** The worker is terminated while libuv still holds the handles of what was closed. */
async function closeWhileClosing() {
  for (let round = 0; round < rounds; round++) {
    const traffic = await warmTraffic();
    const { worker, ports } = await startWorker('nothing');
    const terminated = worker.terminate();
    traffic.close();
    await terminated;
    await requireFree([...ports, ...traffic.ports]);
  }
}

/** The process ends by itself once nothing keeps it alive, with everything open. */
async function leaveOpen() {
  const traffic = await warmTraffic();
  for (const engine of traffic.engines) engine.setRef(false);
}

async function garbageWithoutSocket() {
  const gc = collector();
  let collected = 0;
  const registry = new FinalizationRegistry(() => {
    collected++;
  });
  // A method taken off its engine keeps what it needs.
  const { write } = createEngine(() => {});
  for (let round = 0; round < rounds; round++)
    registry.register(
      createEngine(() => {}),
      null,
    );
  while (collected < rounds * 0.9) {
    gc();
    await setImmediate();
  }
  if (write(0, 0, new Uint8Array(1)) !== -1) fail('a method without its engine took bytes');
  await noDescriptorLeft();
}

/** Nobody holds the engines, and they go on: closing is not the garbage collector's. */
async function garbageWithTraffic() {
  const gc = collector();
  const bound = boundAndForgotten();
  let moved = 0;
  for (let pair = 0; pair < 4; pair++) {
    startTraffic(() => {
      moved++;
    });
  }
  for (let round = 0; round < rounds; round++) {
    gc();
    const before = moved;
    while (moved === before) await setImmediate();
  }
  if (bound.deref() === undefined) fail('an engine with a socket was collected');
  process.exit(0);
}

/** An engine that not even its listener knows. */
function boundAndForgotten() {
  const engine = createEngine(() => {});
  engine.bind('127.0.0.1', 0);
  return new WeakRef(engine);
}

/** The arrays of events are gone: the engine must not write where they were. */
async function detachedArrays() {
  for (let round = 0; round < rounds; round++) {
    const traffic = await warmTraffic();
    const [{ events, bytes }, other] = traffic.engines;
    const detached = /** @type {ArrayBuffer} */ ((round % 2 === 0 ? events : bytes).buffer);
    structuredClone(detached, { transfer: [detached] });
    // It notices at its next batch.
    while (await isTaken(traffic.ports[0])) await setImmediate();
    other.close();
  }
  await noDescriptorLeft();
}

/** Rings that JavaScript looked into go with their engines. */
async function memory() {
  const gc = collector();
  const cycle = async () => {
    for (let round = 0; round < rounds; round++) (await warmTraffic()).close();
    for (let turn = 0; turn < 10; turn++) {
      gc();
      await setImmediate();
    }
    return process.memoryUsage().rss;
  };
  await cycle();
  const before = await cycle();
  const growth = (await cycle()) - before;
  if (growth > MEMORY_GROWTH_MAX) fail(`${rounds} engine pairs left ${growth} bytes`);
}

/** @returns {Promise<ReturnType<typeof startTraffic>>} */
function warmTraffic() {
  return new Promise((resolve) => {
    const traffic = startTraffic((moved) => {
      if (moved > WARM_BYTES) resolve(traffic);
    });
  });
}

/** @param {ReturnType<typeof startTraffic>} traffic */
async function movesOn(traffic) {
  const before = traffic.moved();
  while (traffic.moved() < before + WARM_BYTES) await setImmediate();
}

/** Calls on a closed engine do nothing, and say so where they return something. @param {readonly import('./traffic.mjs').Engine[]} engines */
function useAfterClose(engines) {
  for (const engine of engines) {
    engine.flush();
    engine.setRef(true);
    engine.dropAssociation(0);
    const answers = [engine.write(0, 0, new Uint8Array(9)), engine.read(0, 0, new Uint8Array(9)), engine.peek(0, 0), engine.associationPath(0)];
    if (answers.join() !== '-1,-1,,') fail(`a closed engine answered ${answers.join()}`);
  }
}

/** @param {'nothing' | 'exit' | 'throw'} then */
function newWorker(then) {
  return new Worker(new URL('./worker.mjs', import.meta.url), { workerData: { then } });
}

/** @param {'nothing'} then */
async function startWorker(then) {
  const worker = newWorker(then);
  return { worker, ports: await portsOf(worker) };
}

/** @param {Worker} worker @returns {Promise<number[]>} */
function portsOf(worker) {
  return new Promise((resolve) => worker.once('message', ({ ports }) => resolve(ports)));
}

/** Every port must be free now, not later. @param {readonly number[]} ports */
async function requireFree(ports) {
  for (const port of ports) if (await isTaken(port)) fail(`port ${port} is still taken`);
}

/** Tries the port with Node's own socket. @param {number} port @returns {Promise<boolean>} */
function isTaken(port) {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => socket.close(() => resolve(true)));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(false)));
  });
}

/** Closed engines hold no descriptor. */
async function noDescriptorLeft() {
  await setImmediate();
  const sockets = countSockets();
  const engine = createEngine(() => {});
  engine.bind('127.0.0.1', 0);
  const withOne = countSockets();
  engine.close();
  if (withOne - sockets !== 1 || countSockets() !== sockets) fail(`sockets: ${sockets}, with one more ${withOne}, now ${countSockets()}`);
  if (sockets > 8) fail(`${sockets} descriptors are open`);
}

function countSockets() {
  return readdirSync('/proc/self/fd').length - OPEN_AT_START;
}

function collector() {
  return globalThis.gc ?? fail('start with --expose-gc');
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new Error(message);
}
