// Both ends of a transfer that goes on until it is told to stop, whatever becomes of the link meanwhile. Every byte is checked where it arrives.
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { answer, createNode } from '../support/answer.mjs';
import { readPatternToEnd, writePatternWhile } from '../support/pattern.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

const SEED = 5;
/** How often counters are looked at that nothing tells of. */
const LOOK_MS = 5;

/** @type {import('../../../dist/index.js').MeshNode} */
let node;
/** @type {import('../../../dist/index.js').Peer} */
let peer;
/** @type {import('../../../dist/index.js').ByteStream} */
let stream;
let isMoving = true;
/** @type {Promise<number>} */
let written;

/** Bytes that have arrived and are right. */
let checkedBytes = 0;
/** @type {unknown} */
let failure = null;
/** @type {(() => void)[]} */
const waiting = [];

answer({
  /** Serves one endless transfer. @param {NodeRequest} request */
  async listen(request) {
    node = await createNode(request);
    node.handle('pattern', async (incoming) => {
      try {
        await readPatternToEnd(incoming, SEED, (byteCount) => {
          checkedBytes += byteCount;
          wake();
        });
        await incoming.end();
      } catch (error) {
        failure = error;
        wake();
      }
    });
    return node.address;
  },

  /** Connects, and writes from now on. @param {NodeRequest & { address: string }} request */
  async begin(request) {
    node = await createNode(request);
    peer = await node.connect(request.address);
    stream = await peer.openStream('pattern');
    written = writePatternWhile(stream, SEED, () => isMoving);
    written.catch(() => {});
  },

  /** Resolves when so many more bytes have arrived and are right. @param {number} byteCount */
  async passes(byteCount) {
    const from = checkedBytes;
    while (checkedBytes < from + byteCount) {
      if (failure !== null) throw failure;
      await new Promise((/** @type {(value: void) => void} */ resolve) => waiting.push(resolve));
    }
  },

  /** Ends the transfer; resolves with its bytes when the other end has checked them all. */
  async stop() {
    isMoving = false;
    const byteCount = await written;
    await stream.end();
    if ((await stream.read(new Uint8Array(1))) !== 0) throw new Error('the reader wrote something');
    return byteCount;
  },

  checkedBytes: () => checkedBytes,

  /** Resolves when so many packets have been sent in a row without any that came. @param {number} packets */
  async unanswered(packets) {
    for (let { packetsSent: from, packetsReceived: last } = node.stats(); ; await setTimeout(LOOK_MS)) {
      const { packetsSent, packetsReceived } = node.stats();
      if (packetsReceived !== last) [from, last] = [packetsSent, packetsReceived];
      else if (packetsSent - from >= packets) return;
    }
  },

  mtuBytes: () => peer.stats().mtuBytes,
  rttMicros: () => peer.stats().rttMicros,
  pathHost: () => (peer.path?.kind === 'direct' ? peer.path.remote.host : undefined),
  info: () => node.info(),

  /** IP fragments that this machine, or its network namespace, has ever made. */
  fragments() {
    const [names = [], values = []] = lines('/proc/net/snmp').filter(([first]) => first === 'Ip:');
    const ip6 = lines('/proc/net/snmp6').find(([name]) => name === 'Ip6FragCreates') ?? [];
    return Number(values[names.indexOf('FragCreates')]) + Number(ip6[1]);
  },
});

function wake() {
  for (const resolve of waiting.splice(0)) resolve();
}

/** @param {string} file @returns {string[][]} */
function lines(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(/\s+/));
}
