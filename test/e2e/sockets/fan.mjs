// Messages of many peers in and out of one node, each in a stream of its own that lets messages expire.
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, createNode, held } from '../support/answer.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */
/** @typedef {import('../../../dist/index.js').MessageStream} MessageStream */
/** @typedef {import('../../../dist/index.js').MeshNode} MeshNode */

const MESSAGE = Uint8Array.from({ length: 1_024 }, (_, index) => (index * 7) & 0xff);
/** Each stream sends as often, each way. */
const PERIOD_MS = 50;
const KIND = /** @type {const} */ ({ kind: 'messages', ordered: false, lifetimeMs: 60 });

/** @type {MeshNode[]} */
const nodes = [];
/** @type {{ readonly stream: MessageStream, readonly served: Promise<void> }[]} */
let served = [];
let isOver = false;

answer({
  /** The node in the middle; returns its address. @param {NodeRequest} request */
  async createHub(request) {
    const hub = await createNode(request);
    nodes.push(hub);
    hub.handle('fan', KIND, (stream) => serve(stream));
    return hub.address;
  },

  /** As many peers of it. @param {NodeRequest & { address: string, count: number }} request */
  async createPeers({ address, count, ...request }) {
    for (let number = 0; number < count; number++) {
      const node = await createNode(request);
      nodes.push(node);
      const peer = await node.connect(address);
      void serve(await peer.openStream('fan', KIND));
    }
  },

  held,

  /** Nothing more is sent. Resolves with what became of all that was, when that is known. */
  async finish() {
    isOver = true;
    await Promise.all(served.map((one) => one.served));
    await Promise.all(served.map(({ stream }) => stream.closed));
    const total = { streams: served.length, sent: 0, delivered: 0, expired: 0, unknown: 0, received: 0 };
    for (const { stream } of served) {
      const stats = stream.stats();
      total.sent += Number(stats.messagesSent);
      total.delivered += Number(stats.messagesDelivered);
      total.expired += Number(stats.messagesExpired);
      total.unknown += Number(stats.messagesUnknown);
      total.received += Number(stats.messagesReceived);
    }
    served = [];
    return total;
  },
});

/** @param {MessageStream} stream */
function serve(stream) {
  const both = Promise.all([send(stream), receive(stream)]).then(() => {});
  served.push({ stream, served: both });
  return both;
}

/** @param {MessageStream} stream */
async function send(stream) {
  while (!isOver) {
    await stream.send(MESSAGE);
    await sleep(PERIOD_MS);
  }
  await stream.end();
}

/** @param {MessageStream} stream */
async function receive(stream) {
  for await (const message of stream) {
    if (Buffer.compare(message, MESSAGE) !== 0) throw new Error('a message arrived changed');
  }
}
