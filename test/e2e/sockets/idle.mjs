// One node with many idle sessions, and the many that it has them with.
import { answer, createNode, held } from '../support/answer.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

/** Handshakes at once: fewer than make a node ask for cookies. */
const AT_ONCE = 16;

/** @type {import('../../../dist/index.js').MeshNode[]} */
const nodes = [];

answer({
  /** Makes this process's nodes; returns their addresses. @param {NodeRequest & { count: number }} request */
  async create({ count, ...request }) {
    for (let made = 0; made < count; made++) nodes.push(await createNode(request));
    return nodes.map((node) => node.address);
  },

  /** Lets each node connect to each address once. @param {string[]} addresses */
  async connect(addresses) {
    const pairs = nodes.flatMap((node) => addresses.map((address) => /** @type {const} */ ([node, address])));
    const lane = async () => {
      for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) await pair[0].connect(pair[1]);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  },

  /** Resolves when the first node has so many peers. @param {number} count */
  async connected(count) {
    const [node] = nodes;
    while ((node?.stats().peersConnected ?? 0) < count) await new Promise((resolve) => setTimeout(resolve, 5));
  },

  held,
});
