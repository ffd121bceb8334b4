// One fault in a process of its own: `node faults.mjs FAULT`, with OSIER_TEST_ADDON naming an addon with fault injection. Exits with 0 when the fault did
// what it should: a panic or a dead socket ends its engine, told so, and harms nothing else; a full socket is waited for, a receive that fails is tried again.
import { createSocket } from 'node:dgram';
import { constants } from 'node:os';
import { createEngine, startTraffic } from './traffic.mjs';

const ENGINE_FAILED = 17;
const WARM_BYTES = 1 << 20;
const FOR_EVER = 0xffff_ffff;
const { EBADF, ECONNREFUSED, ENOBUFS, EPERM } = constants.errno;
const [where = ''] = process.argv.slice(2);

/** @typedef {import('./traffic.mjs').Engine & { panicNow(): void, panicOnReceive(): void, panicAtTheEnd(): void, refuseSends(count: number): void,
 *   failReceives(count: number, errno: number): void }} Breakable */

let thrown = false;
/** @type {Record<string, () => Promise<void>>} */
const FAULTS = {
  'full-socket': fullSocket,
  'refused-receives': refusedReceives,
  'dead-socket': () => deadSocket(EBADF),
  'useless-socket': () => deadSocket(ENOBUFS),
  'panics-at-the-end': panicsAtTheEnd,
};
await (FAULTS[where] ?? panic)();

async function panic() {
  const bystander = await warmTraffic(() => {});
  const before = bystander.moved();
  const broken = await warmTraffic((engine) => {
    if (where === 'panic-in-listener') panicNow(engine);
  });
  const engine = /** @type {Breakable} */ (broken.engines[0]);
  const handsOver = where === 'panic-in-listener' ? () => false : shardBeside(engine);
  if (where !== 'panic-in-listener' && !handsOver()) throw new Error('a working shard was handed nothing');
  if (where === 'panic-in-method') panicNow(engine);
  if (where === 'panic-in-loop') engine.panicOnReceive();

  const message = await broken.failed;
  if (message !== 'a fault in the engine: a fault on purpose') throw new Error(`told "${message}"`);
  if (where !== 'panic-in-loop' && !thrown) throw new Error('the method that panicked returned');
  if (engine.write(0, 0, new Uint8Array(1)) !== -1) throw new Error('a failed engine took bytes');
  const counters = new BigUint64Array(64);
  engine.stats(counters);
  if (counters[0] === 0n || engine.info().receiveBufferBytes === 0) throw new Error('a failed engine forgot its counters');
  if (handsOver()) throw new Error('a failed shard was handed a message');
  await bindElsewhere(broken.ports[0]);
  await movesOn(bystander, before);
  bystander.close();
  broken.close();
}

/** What a panic leaves of an engine panics again, as its counters are read and as it is dropped. */
async function panicsAtTheEnd() {
  const bystander = await warmTraffic(() => {});
  const before = bystander.moved();
  const broken = await warmTraffic(() => {});
  const engine = /** @type {Breakable} */ (broken.engines[0]);
  engine.panicAtTheEnd();
  panicNow(engine);
  await broken.failed;
  await bindElsewhere(broken.ports[0]);
  await movesOn(bystander, before);
  bystander.close();
  broken.close();
}

/** Makes the engine shard 0 of a group. Returns whether shard 1 can hand it a message. @param {Breakable} engine @returns {() => boolean} */
function shardBeside(engine) {
  const other = createEngine(() => {}, { shard: 1, shards: 2 });
  for (const shard of [engine, other]) shard.joinShardGroup(1n);
  const message = new Uint8Array(248);
  message.set(engine.associationPath(0) ?? new Uint8Array());
  return () => other.handOver(0, 0, message, false);
}

/** Many sends in a row find the socket full. Were one wait for it lost, both directions would stand still for good. */
async function fullSocket() {
  const traffic = await warmTraffic(() => {});
  for (let round = 0; round < 20; round++) {
    for (const engine of traffic.engines) /** @type {Breakable} */ (engine).refuseSends(round);
    await movesOn(traffic, traffic.moved());
  }
  traffic.close();
}

/** A socket that only ever fails would be polled without an end: its engine is closed, and its descriptor with it.
 * @param {number} errno */
async function deadSocket(errno) {
  const bystander = await warmTraffic(() => {});
  const before = bystander.moved();
  const broken = await warmTraffic(() => {});
  const engine = /** @type {Breakable} */ (broken.engines[0]);
  engine.failReceives(FOR_EVER, errno);
  const message = await broken.failed;
  if (!message.includes(`os error ${errno}`)) throw new Error(`told "${message}"`);
  await bindElsewhere(broken.ports[0]);
  await movesOn(bystander, before);
  bystander.close();
  broken.close();
}

/** Errors that concern one datagram end nothing. */
async function refusedReceives() {
  const traffic = await warmTraffic(() => {});
  for (const errno of [ECONNREFUSED, ENOBUFS, EPERM]) {
    for (const engine of traffic.engines) /** @type {Breakable} */ (engine).failReceives(50, errno);
    await movesOn(traffic, traffic.moved());
  }
  traffic.close();
}

/** @param {{ moved(): number }} traffic @param {number} before */
async function movesOn(traffic, before) {
  while (traffic.moved() < before + WARM_BYTES) await new Promise(setImmediate);
}

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
