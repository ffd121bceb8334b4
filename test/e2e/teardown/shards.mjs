// One scenario of shards in a process of its own: `node shards.mjs SCENARIO ROUNDS`. Exits with 0, or with the code that the scenario is about.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HOST, Traffic } from './shard-traffic.mjs';
import { createEngine } from './traffic.mjs';

const WARM_BYTES = 1 << 20;
const PATH_RECORD_BYTES = 48;
const [scenario = '', roundsText = '1'] = process.argv.slice(2);
const rounds = Number(roundsText);
const group = randomBytes(8).readBigUInt64LE();

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  terminate,
  'terminate-both': terminateBoth,
  exit,
  'close-against-push': closeAgainstPush,
  'terminate-against-push': terminateAgainstPush,
  'leave-open': leaveOpen,
};
await (scenarios[scenario] ?? (() => fail(`no scenario "${scenario}"`)))();
if (scenario !== 'leave-open') process.exit(0);

/** One of two shards ends while every packet crosses from one to the other, and starts anew in the same place; the other goes on. */
async function terminate() {
  const peer = newPeer();
  const zero = await startShard(peer, 0, 0);
  for (let round = 0; round < rounds; round++) {
    const one = await startShard(peer, 1, zero.port);
    zero.worker.postMessage(Uint8Array.of(1, 0));
    await movesOn(peer, zero.association);
    await movesOn(peer, one.association);
    await one.worker.terminate();
    peer.engine.dropAssociation(one.association);
    await movesOn(peer, zero.association);
  }
  await zero.worker.terminate();
  requireFree(zero.port);
}

/** Both end at once, each with the other's packets on its way to it. */
async function terminateBoth() {
  for (let round = 0; round < rounds; round++) {
    const peer = newPeer();
    const zero = await startShard(peer, 0, 0);
    const one = await startShard(peer, 1, zero.port);
    one.worker.postMessage(Uint8Array.of(1, 0));
    await movesOn(peer, zero.association);
    await movesOn(peer, one.association);
    await Promise.all([zero.worker.terminate(), one.worker.terminate()]);
    peer.engine.close();
    requireFree(zero.port);
  }
}

/** The process ends while shards in two workers leave letters for one another. */
async function exit() {
  const peer = newPeer();
  const zero = await startShard(peer, 0, 0);
  const one = await startShard(peer, 1, zero.port);
  one.worker.postMessage(Uint8Array.of(1, 0));
  await movesOn(peer, zero.association);
  await movesOn(peer, one.association);
  process.exit(7);
}

/** A shard leaves and comes back, over and over, while another leaves messages for it without a pause. */
async function closeAgainstPush() {
  const worker = new Worker(new URL('./reopening-worker.mjs', import.meta.url), { workerData: { group, shard: 1, shards: 2, rounds } });
  const exited = once(worker, 'exit');
  const { accepted, refused, stop } = startPushing();
  const [told] = await once(worker, 'message');
  stop();
  await exited;
  if (told === 0 || accepted() < told) fail(`${told} of ${accepted()} messages were told`);
  if (refused() === 0) fail('nothing was ever refused');
}

/** A shard's worker is terminated while another leaves messages for it without a pause. */
async function terminateAgainstPush() {
  for (let round = 0; round < rounds; round++) {
    const { accepted, stop } = startPushing();
    const options = { workerData: { group, shard: 1, shards: 2, rounds: 1e9 } };
    const worker = new Worker(new URL('./reopening-worker.mjs', import.meta.url), options);
    while (accepted() < 5_000) await setImmediate();
    await worker.terminate();
    stop();
  }
}

/** Nothing is closed, and nothing but the places in the group is left: the process must end by itself. */
async function leaveOpen() {
  const shards = [0, 1].map((shard) => createEngine(() => {}, { shard, shards: 2 }));
  for (const engine of shards) {
    engine.bind(HOST, 0, true);
    engine.joinShardGroup(group);
    engine.setRef(false);
  }
}

/** Leaves messages for shard 1, a hundred in every turn of the loop. */
function startPushing() {
  const engine = createEngine(() => {}, { shard: 0, shards: 2 });
  engine.bind(HOST, 0);
  engine.joinShardGroup(group);
  const message = new Uint8Array(PATH_RECORD_BYTES + 200);
  message.set(engine.pathTo(HOST, 9));
  // The first byte of a handshake packet.
  message[PATH_RECORD_BYTES] = 1;
  let [accepted, refused, isStopped] = [0, 0, false];
  void (async () => {
    while (!isStopped) {
      for (let push = 0; push < 100; push++) {
        if (engine.handOver(1, 0, message, false)) accepted++;
        else refused++;
      }
      await setImmediate();
    }
    engine.close();
  })();
  return {
    accepted: () => accepted,
    refused: () => refused,
    stop: () => {
      isStopped = true;
    },
  };
}

function newPeer() {
  const peer = new Traffic(0);
  return Object.assign(peer, { port: peer.engine.bind(HOST, 0).port });
}

/** Starts a shard and traffic between it and the peer. @param {ReturnType<typeof newPeer>} peer @param {number} shard @param {number} port */
async function startShard(peer, shard, port) {
  const worker = new Worker(new URL('./shard-worker.mjs', import.meta.url), { workerData: { group, shard, shards: 2, port } });
  const [other] = /** @type {[{ index: number, port: number }]} */ (await once(worker, 'message'));
  const own = peer.associate();
  worker.postMessage({ index: own.index, port: peer.port });
  peer.connect(own, other);
  peer.open(own.association);
  return { worker, port: other.port, association: own.association };
}

/** @param {Traffic} peer @param {number} association */
async function movesOn(peer, association) {
  const moved = () => peer.moved.get(association) ?? 0;
  const before = moved();
  while (moved() < before + WARM_BYTES) await setImmediate();
}

/** Nobody shares the port any more: one who does not share it gets it. @param {number} port */
function requireFree(port) {
  const engine = createEngine(() => {});
  engine.bind(HOST, port);
  engine.close();
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new Error(message);
}
