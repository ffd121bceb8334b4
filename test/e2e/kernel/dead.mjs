// Two nodes whose sockets die under a transfer. Prints how each of them ended, and must then have nothing left that keeps the process.
import { once } from 'node:events';
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../../dist/index.js';

const network = { secret: generateNetworkSecret() };
const create = async () => MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const nodes = await Promise.all([create(), create()]);
const ended = Promise.all(nodes.map((node) => once(node, 'close')));
const [server, client] = nodes;
server.handle('sink', async (stream) => {
  for await (const _batch of stream);
});
const stream = await (await client.connect(server.address)).openStream('sink');
const write = async () => {
  for (;;) await stream.write(new Uint8Array(65_536));
};
write().catch(() => {});
for (const [error] of await ended) console.log(`${error?.code}: ${error?.message}`);
