// Two ends that connect and disconnect again and again, and say what that leaves in their processes.
import { answer, createNode, held } from '../support/answer.mjs';

/** @typedef {import('../support/answer.mjs').NodeRequest} NodeRequest */

/** @type {import('../../../dist/index.js').MeshNode} */
let node;

answer({
  /** Makes the node of this process, on the port of the last one where it is given. @param {NodeRequest} request */
  async create(request) {
    node = await createNode(request);
    node.handle('echo', async (stream) => {
      for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    });
    return node.address;
  },

  close: async () => (await node.close()).status,

  /** Connects to `address`, sends a byte there and back, and disconnects; `count` times.
   * @param {{ address: string, count: number }} request */
  async connect({ address, count }) {
    for (let cycle = 0; cycle < count; cycle++) {
      const peer = await node.connect(address);
      const stream = await peer.openStream('echo');
      await stream.write(Uint8Array.of(cycle));
      await stream.end();
      const into = new Uint8Array(1);
      if ((await stream.read(into)) !== 1 || into[0] !== (cycle & 0xff)) throw new Error(`cycle ${cycle}: another byte came back`);
      if ((await stream.read(into)) !== 0) throw new Error(`cycle ${cycle}: more than one byte came back`);
      const { status } = await peer.close();
      if (status !== 'drained') throw new Error(`cycle ${cycle}: the peer was not closed cleanly`);
    }
  },

  held,
});
