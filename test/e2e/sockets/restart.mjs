// A peer that can be killed and started again, and one that holds a stream to it meanwhile.
import { answer, createNode, nowMs } from '../support/answer.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

/** @type {import('../../../dist/index.js').Peer} */
let peer;
/** @type {import('../../../dist/index.js').ByteStream} */
let held;

answer({
  /** Serves `echo`; says where, and since when. @param {NodeRequest} request */
  async listen(request) {
    const node = await createNode(request);
    node.handle('echo', async (stream) => {
      for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    });
    return { address: node.address, sinceMs: nowMs() };
  },

  /** Connects and opens the stream that is held. @param {NodeRequest & { address: string }} request */
  async hold(request) {
    const node = await createNode(request);
    peer = await node.connect(request.address);
    held = await openAndEcho();
  },

  /** Keeps the held stream full, both ways, until it ends. Returns once much has come back. */
  async pump() {
    const chunk = new Uint8Array(64 * 1024);
    (async () => {
      for (;;) await held.write(chunk);
    })().catch(() => {});
    const into = new Uint8Array(64 * 1024);
    const readAhead = async (/** @type {number} */ byteCount) => {
      for (let read = 0; read < byteCount; ) read += await held.read(into);
    };
    await readAhead(2 ** 24);
    readAhead(Number.POSITIVE_INFINITY).catch(() => {});
  },

  /** Sends one byte on the held stream. */
  use: () => held.write(Uint8Array.of(1)),

  /** Sends one byte on the held stream, and waits for its end. */
  async useUntilLost() {
    const sinceMs = nowMs();
    await held.write(Uint8Array.of(1));
    const outcome = await held.closed;
    return { code: outcome.status === 'failed' ? outcome.error.code : outcome.status, silentMs: nowMs() - sinceMs };
  },

  /** Waits for the end of the held stream, then opens another at once. */
  async openAgain() {
    const rttMs = (peer.stats().rttMicros ?? 0) / 1_000;
    const before = peer.state;
    const outcome = await held.closed;
    const endedMs = nowMs();
    await openAndEcho();
    const code = outcome.status === 'failed' ? outcome.error.code : outcome.status;
    return { code, rttMs, endedMs, openMs: nowMs(), sameInstance: instanceOf(before) === instanceOf(peer.state) };
  },
});

/** A stream that went there and back. */
async function openAndEcho() {
  const stream = await peer.openStream('echo');
  await stream.write(Uint8Array.of(7));
  if ((await stream.read(new Uint8Array(1))) !== 1) throw new Error('the echo ended');
  return stream;
}

/** @param {import('../../../dist/index.js').PeerState} state */
function instanceOf(state) {
  return state.status === 'connected' ? state.instance : null;
}
