// A node that may be behind a router: a relay, or an end that echoes and looks for direct ways.
import { generateIdentity, MeshNode, onDiagnostics } from '../../../dist/index.js';
import { answer } from '../support/answer.mjs';

/** @typedef {{ secret: string, listen: string, relay?: object, peers?: string[] }} Request */

/** @type {MeshNode} */
let node;
/** The first outcome of each peer. @type {Map<string, { promise: Promise<string>, resolve: (outcome: string) => void }>} */
const outcomes = new Map();
/** @param {string} id */
function outcomeOf(id) {
  const known = outcomes.get(id);
  if (known !== undefined) return known;
  let resolve = (/** @type {string} */ _outcome) => {};
  const promise = /** @type {Promise<string>} */ (
    new Promise((settle) => {
      resolve = settle;
    })
  );
  const outcome = { promise, resolve };
  outcomes.set(id, outcome);
  return outcome;
}

/** @param {import('../../../dist/index.js').ByteStream} stream @param {number} byteCount */
async function comesBack(stream, byteCount) {
  const sent = Buffer.alloc(byteCount, `${Math.random()}`);
  const back = Buffer.alloc(byteCount);
  const writing = stream.write(sent);
  for (let length = 0; length < byteCount; ) length += await stream.read(back.subarray(length));
  await writing;
  return Buffer.compare(back, sent) === 0;
}

answer({
  /** @param {Request} request */
  async start({ secret, listen, relay, peers }) {
    const network = { secret: Buffer.from(secret, 'hex') };
    node = await MeshNode.create({ identity: await generateIdentity(), network, listen, relay, peers, liveness: 'lan' });
    onDiagnostics('osier:traversal', ({ peer, outcome }) => outcomeOf(peer).resolve(outcome));
    node.handle('echo', async (echo) => {
      for await (const batch of echo) for (const chunk of batch) await echo.write(chunk);
    });
    const relays = await Promise.all((peers ?? []).map((address) => node.connect(address)));
    // Each relay says where it sees this node.
    while (relay === undefined && node.info().nat === 'unknown') await Promise.all(relays.map((peer) => peer.ping()));
    return { id: node.id, address: node.address };
  },

  nat: () => node.info().nat,

  /** Connects by the bare id, and sends something to and fro before a direct way is found, and after it was or was not.
   *  @param {string} id */
  async meet(id) {
    const peer = await node.connect(id);
    const began = peer.path?.kind;
    const stream = await peer.openStream('echo');
    const before = await comesBack(stream, 100_000);
    const outcome = await outcomeOf(id).promise;
    const after = await comesBack(stream, 100_000);
    return { began, ended: peer.path?.kind, outcome, isWhole: before && after };
  },
});
