// Sends back what it reads.
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../dist/index.js';
import { report } from '../lib/report-line.mjs';

const secret = generateNetworkSecret();
const node = await MeshNode.create({
  identity: await generateIdentity(),
  network: { secret },
  listen: 'udp://127.0.0.1:0',
  cipher: 'chacha20-poly1305',
});
node.handle('echo', async (stream) => {
  const buffer = new Uint8Array(64);
  for (let length = await stream.read(buffer); length > 0; length = await stream.read(buffer)) await stream.write(buffer.subarray(0, length));
});
report({ address: node.address, secret: Buffer.from(secret).toString('hex') });
