// A server on two threads. Each loads sharded-server/handlers.mjs and serves the clients that live in it; who lives where makes no difference to them.
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

const CLIENTS = 4;

const network = { secret: generateNetworkSecret() };
const server = await MeshNode.create({
  identity: await generateIdentity(),
  network,
  listen: 'udp://127.0.0.1:0',
  shards: 2,
  handlers: new URL('./sharded-server/handlers.mjs', import.meta.url),
  shardData: { greeting: 'served' },
});

// Where the system does not let sockets share a port, one shard is left, and this says why.
for (const reason of server.info().reasons) console.error(reason);
console.log(`running on ${server.info().shards} shards`);

for (let number = 1; number <= CLIENTS; number++) {
  const client = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
  const peer = await client.connect(server.address);
  const stream = await peer.openStream('count', { kind: 'messages' });
  for (let sent = 0; sent < 3; sent++) await stream.send(new TextEncoder().encode('one more, please'));
  void stream.end();
  let last = '';
  for await (const answer of stream) last = new TextDecoder().decode(answer);
  console.log(`client ${number}: ${last}`);
  await client.close();
}

await server.close();
