// Both ends of verified transfers: every byte of every stream is checked where it arrives.
import { answer, createNode, nowMs } from '../support/answer.mjs';
import { readPattern, writePattern } from '../support/pattern.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

/** @type {import('../../../dist/index.js').Peer} */
let peer;
let streamsNow = 0;
let streamsAtOnce = 0;

answer({
  /** Serves `pattern`: checks what comes, and sends as much of the opener's next seed when it is asked to. @param {NodeRequest} request */
  async listen(request) {
    const node = await createNode(request);
    node.handle('pattern', async (stream, { metadata }) => {
      streamsAtOnce = Math.max(streamsAtOnce, ++streamsNow);
      const [seed, byteCount, back] = [metadata.seed, metadata.byteCount, metadata.back].map(Number);
      const read = readPattern(stream, seed ?? 0, byteCount ?? 0);
      await Promise.all([read, writePattern(stream, (seed ?? 0) + 1, back ?? 0)]);
      streamsNow--;
    });
    return node.address;
  },

  /** @param {NodeRequest & { address: string }} request */
  async connect(request) {
    const node = await createNode(request);
    peer = await node.connect(request.address);
    return peer.path?.kind === 'direct' ? peer.path.remote.host : undefined;
  },

  path: () => peer.path,

  /** Opens all streams, then fills them at once. Returns when both ends have checked everything.
   * @param {{ streams: number, byteCount: number, back: number }} request */
  async transfer({ streams: count, byteCount, back }) {
    const startMs = nowMs();
    const seeds = Array.from({ length: count }, (_, index) => 2 * index);
    const streams = await Promise.all(
      seeds.map((seed) => peer.openStream('pattern', { metadata: { seed: `${seed}`, byteCount: `${byteCount}`, back: `${back}` } })),
    );
    await Promise.all(
      streams.map(async (stream, index) => {
        const seed = seeds[index] ?? 0;
        const sent = writePattern(stream, seed, byteCount).then(() => stream.end());
        // The peer ends its direction when it has checked all of this one.
        await Promise.all([sent, readPattern(stream, seed + 1, back)]);
      }),
    );
    return nowMs() - startMs;
  },

  streamsAtOnce: () => streamsAtOnce,
});
