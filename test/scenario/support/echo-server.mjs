// An echo server in a process of its own, to be killed: prints its address, serves until it dies.
import { loadIdentity, MeshNode } from '../../../dist/index.js';

const [, , keyFile = '', secret = '', port = '0'] = process.argv;
const node = await MeshNode.create({
  identity: await loadIdentity(keyFile, { ifMissing: 'create' }),
  network: { secret: Buffer.from(secret, 'hex') },
  listen: `udp://127.0.0.1:${port}`,
});
node.handle('echo', async (stream) => {
  for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
});
console.log(node.address);
