// Echo: a server sends back what it gets, a client says something and prints the answer.
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

// Both are in one process here; on two machines each has its own identity, and both have the same secret.
const network = { secret: generateNetworkSecret() };
const server = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const client = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });

server.handle('echo', async (stream) => {
  // A batch holds what has arrived since the last one; awaiting `write` keeps this end from running ahead of the reader.
  for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
});

const peer = await client.connect(server.address);
const stream = await peer.openStream('echo');
await stream.write(new TextEncoder().encode('hello, mesh'));
void stream.end();

const text = new TextDecoder();
let answer = '';
for await (const batch of stream) for (const chunk of batch) answer += text.decode(chunk, { stream: true });
console.log(`echo: ${answer}`);

await Promise.all([client.close(), server.close()]);
