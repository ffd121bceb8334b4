// One node of a small mesh: a relay, or an end of a stream whose relays die. See test/e2e/failover.test.ts.
import { setTimeout } from 'node:timers/promises';
import { generateIdentity, MeshNode } from '../../../dist/index.js';
import { answer, nowMs } from '../support/answer.mjs';
import { readPatternToEnd, writePatternWhile } from '../support/pattern.mjs';

/** @typedef {import('../../../dist/index.js').MessageStream} MessageStream */
/** @typedef {import('../../../dist/index.js').ByteStream} ByteStream */
/** @typedef {'messages' | 'bulk'} Traffic */

const SEED = 7;
const MESSAGE_BYTES = 64;
const MESSAGE_INTERVAL_MS = 1;

/** @type {MeshNode} */
let node;
/** @type {import('../../../dist/index.js').Peer} */
let peer;
/** What went wrong for the program, by its own account. @type {string[]} */
const problems = [];
/** @type {{ kind: string, nextHop: string | null }[]} */
const changes = [];

/** Messages or bytes that were sent so far, or that were received and are right. */
let count = 0;
/** Brings `count` up to date, at the sender of bulk. */
let recount = () => {};
let isStopped = false;
/** @type {Promise<void>} */
let running = Promise.resolve();
/** When something arrived, since the last fault. @type {number[]} */
let arrivalsMs = [];
/** @type {() => void} */
let onArrival = () => {};

answer({
  /** @param {{ secret: string, listen: string | string[], relay?: object, peers: string[] }} request */
  async start({ secret, listen, relay, peers }) {
    const network = { secret: Buffer.from(secret, 'hex') };
    node = await MeshNode.create({ identity: await generateIdentity(), network, listen, relay, peers, liveness: 'lan' });
    node.on('warning', (warning) => problems.push(`warning: ${warning.message}`));
    node.handle('bulk', (stream) => receive(readPatternToEnd(stream, SEED, arrived)));
    node.handle('messages', { kind: 'messages' }, (stream) => receive(readMessages(stream)));
    for (const address of peers) await node.connect(address);
    return { id: node.id, address: node.address };
  },

  /** A further relay. @param {string} address */
  async connect(address) {
    await node.connect(address);
  },

  /** Sends to `id` until told to stop; resolves when the first of it went through. @param {{ id: string, traffic: Traffic }} request */
  async send({ id, traffic }) {
    peer = await node.connect(id);
    peer.on('path', ({ to, cause }) => changes.push({ kind: cause.kind, nextHop: to?.kind === 'relayed' ? to.nextHop : null }));
    const stream = traffic === 'bulk' ? await peer.openStream('bulk') : await peer.openStream('messages', { kind: 'messages' });
    running = traffic === 'bulk' ? writeBulk(/** @type {ByteStream} */ (stream)) : writeMessages(/** @type {MessageStream} */ (stream));
    running.catch((error) => problems.push(`sending: ${error.message}`));
    await stream.flush();
  },

  /** The relay that the data goes to first, once there is another one beside it; what was at hand changes with each measurement. */
  async carrying() {
    for (;;) {
      const way = node.routes().find(({ id }) => id === peer.id);
      const carrying = peer.path?.kind === 'relayed' ? peer.path.nextHop : null;
      if (way !== undefined && way.backup !== null && carrying === way.nextHop) return carrying;
      await setTimeout(1);
    }
  },

  /** Resolves, with what was sent by then, when the data goes to another relay than `id`. @param {string} id */
  async rerouted(id) {
    while (peer.path?.kind !== 'relayed' || peer.path.nextHop === id) await setTimeout(1);
    recount();
    return count;
  },

  /** Forgets the arrivals up to now, but for the last. */
  forget() {
    arrivalsMs = arrivalsMs.slice(-1);
  },

  /** Resolves when more than `atLeast` arrived, with the longest time without arrivals that ended after `sinceMs`.
   *  @param {{ atLeast: number, sinceMs: number }} request */
  async pauseMs({ atLeast, sinceMs }) {
    while (count <= atLeast) await new Promise((resolve) => (onArrival = () => resolve(undefined)));
    return Math.max(...arrivalsMs.map((atMs, index) => (atMs < sinceMs ? 0 : atMs - (arrivalsMs[index - 1] ?? atMs))));
  },

  /** Ends the stream; resolves, with the count, when its other end has all of it. */
  async stop() {
    isStopped = true;
    await running;
    return count;
  },

  /** Resolves, with the count, when the stream came to its end. */
  async received() {
    await running;
    return count;
  },

  report: () => ({ problems, changes }),
});

/** @param {Promise<void>} reading */
function receive(reading) {
  reading.catch((error) => problems.push(`receiving: ${error.message}`));
  running = reading;
  return reading;
}

/** @param {number} amount */
function arrived(amount) {
  count += amount;
  arrivalsMs.push(nowMs());
  onArrival();
}

/** Every message is there, once, in order. @param {MessageStream} stream */
async function readMessages(stream) {
  for await (const message of stream) {
    const sequence = new DataView(message.buffer, message.byteOffset).getUint32(0);
    if (sequence !== count || message.length !== MESSAGE_BYTES) throw new Error(`message ${count} is ${sequence}, of ${message.length} bytes`);
    arrived(1);
  }
  await stream.end();
}

/** @param {MessageStream} stream */
async function writeMessages(stream) {
  while (!isStopped) {
    const message = Buffer.alloc(MESSAGE_BYTES);
    message.writeUInt32BE(count);
    await stream.send(message);
    count++;
    await setTimeout(MESSAGE_INTERVAL_MS);
  }
  await stream.end();
}

/** @param {ByteStream} stream */
async function writeBulk(stream) {
  recount = () => {
    count = Number(stream.stats().bytesSent);
  };
  const sent = await writePatternWhile(stream, SEED, () => !isStopped);
  await stream.end();
  recount = () => {};
  count = sent;
}
