// A reader that takes a little of some streams while it takes all of another, and the writer that pushes into all of them.
import { answer, createNode, nowMs } from '../support/answer.mjs';
import { readPattern, writePattern } from '../support/pattern.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

const SAMPLE_EVERY_MS = 5;

/** @type {import('../../../dist/index.js').MeshNode} */
let node;
/** @type {import('../../../dist/index.js').Peer} */
let peer;
let memoryBytesMax = 0;
let rssBytesAtStart = 0;
let rssBytesMax = 0;
/** Blocks that each slow stream may read; `goOn` is called when there are more. */
let blocksAllowed = 0;
/** @type {(() => void)[]} */
const waiting = [];
/** @type {Promise<void>[]} */
let pushes = [];

answer({
  /** Serves `slow`, which reads as far as it is allowed, and `fast`. @param {NodeRequest} request */
  async listen(request) {
    await create(request);
    node.handle('slow', async (stream, { metadata }) => {
      let blocks = 0;
      await readPattern(stream, Number(metadata.seed), Number(metadata.byteCount), async () => {
        for (blocks++; blocks >= blocksAllowed; ) await new Promise((/** @type {(value: void) => void} */ resolve) => waiting.push(resolve));
      });
    });
    node.handle('fast', (stream, { metadata }) => readPattern(stream, Number(metadata.seed), Number(metadata.byteCount)));
    return node.address;
  },

  /** @param {NodeRequest & { address: string }} request */
  async connect(request) {
    await create(request);
    peer = await node.connect(request.address);
  },

  /** Pushes `byteCount` bytes into each of `streams` slow streams from now on. @param {{ streams: number, byteCount: number }} request */
  async push({ streams, byteCount }) {
    pushes = Array.from({ length: streams }, (_, seed) => send('slow', seed, byteCount));
    for (const push of pushes) push.catch(() => {});
  },

  /** Moves `byteCount` bytes on another stream; returns how long that took. @param {{ byteCount: number }} request */
  async move({ byteCount }) {
    const startMs = nowMs();
    await send('fast', 99, byteCount);
    return nowMs() - startMs;
  },

  /** Resolves when the slow streams have got there, checked to the last byte. */
  pushed: () => Promise.all(pushes).then(() => {}),

  /** Lets each slow stream read as many blocks in all. @param {number} blocks */
  allow(blocks) {
    blocksAllowed = blocks;
    for (const goOn of waiting.splice(0)) goOn();
  },

  extremes: () => ({ memoryBytesMax, rssGrowthBytes: rssBytesMax - rssBytesAtStart }),
});

/** @param {NodeRequest} request */
async function create(request) {
  node = await createNode(request);
  rssBytesAtStart = process.memoryUsage.rss();
  setInterval(() => {
    memoryBytesMax = Math.max(memoryBytesMax, node.stats().memoryBytes);
    rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss());
  }, SAMPLE_EVERY_MS).unref();
}

/** @param {string} protocol @param {number} seed @param {number} byteCount */
async function send(protocol, seed, byteCount) {
  const stream = await peer.openStream(protocol, { metadata: { seed: `${seed}`, byteCount: `${byteCount}` } });
  await writePattern(stream, seed, byteCount);
  await stream.end();
  // The reader ends its direction when it has checked all of this one.
  if ((await stream.read(new Uint8Array(1))) !== 0) throw new Error('the reader wrote something');
}
