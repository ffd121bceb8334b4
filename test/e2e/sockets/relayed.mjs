// Relays, and two ends that reach one another through them alone: the ends have no address family in common.
import { createHash } from 'node:crypto';
import { generateIdentity, MeshNode } from '../../../dist/index.js';
import { answer, nowMs } from '../support/answer.mjs';

/** @typedef {{ secret: string, listen: string | string[], relay?: object, peers?: string[] }} Request */

const CHUNK = Buffer.alloc(65_536, 'relayed ');

/** @type {MeshNode} */
let node;
/** @type {Promise<{ byteCount: number, digest: string }>} */
let received;
/** @type {Promise<{ byteCount: number, digest: string }>} */
let sent;
/** @type {{ cause: unknown, nextHop: string | null }[]} */
const changes = [];

answer({
  /** @param {Request} request */
  async start({ secret, listen, relay, peers }) {
    const network = { secret: Buffer.from(secret, 'hex') };
    node = await MeshNode.create({ identity: await generateIdentity(), network, listen, relay, peers, liveness: 'lan' });
    received = new Promise((resolve) => {
      node.handle('sink', async (stream) => {
        const hash = createHash('sha256');
        let byteCount = 0;
        for await (const batch of stream) {
          for (const chunk of batch) {
            hash.update(chunk);
            byteCount += chunk.length;
          }
        }
        resolve({ byteCount, digest: hash.digest('hex') });
      });
    });
    for (const address of peers ?? []) await node.connect(address);
    return { id: node.id, address: node.address };
  },

  /** Connects by the bare id and writes for `durationMs`; resolves, with the relay that the data goes through, once some of it is there.
   *  @param {{ id: string, durationMs: number }} request */
  async send({ id, durationMs }) {
    const peer = await node.connect(id);
    peer.on('path', ({ to, cause }) => changes.push({ cause, nextHop: to?.kind === 'relayed' ? to.nextHop : null }));
    const stream = await peer.openStream('sink');
    const untilMs = nowMs() + durationMs;
    sent = (async () => {
      const hash = createHash('sha256');
      let byteCount = 0;
      while (nowMs() < untilMs) {
        await stream.write(CHUNK);
        hash.update(CHUNK);
        byteCount += CHUNK.length;
      }
      await stream.end();
      return { byteCount, digest: hash.digest('hex') };
    })();
    sent.catch(() => {});
    await stream.flush();
    while (stream.stats().bytesAcknowledged < 1_000_000n) await stream.flush();
    return peer.path?.kind === 'relayed' ? peer.path.nextHop : null;
  },

  sent: () => sent,
  received: () => received,
  changes: () => changes,
});
