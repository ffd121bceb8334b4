// Two ends that connect and disconnect again and again, and say what that leaves in their processes.
import { answer, createNode, held } from '../support/answer.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

/** @typedef {import('../../../dist/index.js').MeshNode} MeshNode */

/** @type {MeshNode[]} */
let nodes = [];

answer({
  /** Makes this process's nodes; returns the address of the first. @param {NodeRequest & { keyFiles: string[] }} request */
  async create({ keyFiles, ...request }) {
    nodes = await Promise.all(keyFiles.map((keyFile) => createNode({ ...request, keyFile })));
    for (const node of nodes) {
      node.handle('echo', async (stream) => {
        for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
      });
    }
    return nodes[0]?.address;
  },

  close: async () => (await Promise.all(nodes.map((node) => node.close()))).map(({ status }) => status),

  /** Lets the nodes connect to `address` and disconnect again, one after another, `count` times in all.
   * @param {{ address: string, count: number }} request */
  async connect({ address, count }) {
    for (let cycle = 0; cycle < count; cycle++) {
      const node = nodes[cycle % nodes.length];
      if (node !== undefined) await connectOnce(node, address, cycle & 0xff);
    }
  },

  held,
});

/** Connects, sends a byte there and back, and disconnects. @param {MeshNode} node @param {string} address @param {number} byte */
async function connectOnce(node, address, byte) {
  const peer = await node.connect(address);
  const stream = await peer.openStream('echo');
  await stream.write(Uint8Array.of(byte));
  await stream.end();
  const into = new Uint8Array(1);
  if ((await stream.read(into)) !== 1 || into[0] !== byte) throw new Error(`${byte} came back as ${into[0]}`);
  if ((await stream.read(into)) !== 0) throw new Error('more than one byte came back');
  const { status } = await peer.close();
  if (status !== 'drained') throw new Error(`the peer was not closed cleanly: ${status}`);
}
