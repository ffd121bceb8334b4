// Ten peers in one process: each connects to all others and greets them; every greeting is answered.
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

const COUNT = 10;
const network = { secret: generateNetworkSecret() };
const nodes = await Promise.all(
  Array.from({ length: COUNT }, async () => MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' })),
);

for (const node of nodes) {
  node.handle('greet', async (stream, { peer }) => {
    const greeting = await readText(stream);
    await stream.write(new TextEncoder().encode(`${greeting} to you, ${peer.id.slice(0, 8)}`));
  });
}

const greetings = nodes.flatMap((from) => nodes.filter((to) => to !== from).map((to) => greet(from, to)));
const answers = await Promise.all(greetings);
const right = answers.filter(Boolean).length;
const connections = nodes.map((node) => node.stats().peersConnected);
console.log(`${right} of ${COUNT * (COUNT - 1)} greetings answered; each node has ${Math.min(...connections)} peers`);

await Promise.all(nodes.map((node) => node.close()));
process.exitCode = right === COUNT * (COUNT - 1) ? 0 : 1;

/** Whether `to` answered `from`, and by its name. */
async function greet(from, to) {
  // Two nodes that call each other at the same time end up with one connection.
  const peer = await from.connect(to.address);
  const stream = await peer.openStream('greet');
  await stream.write(new TextEncoder().encode('hello'));
  void stream.end();
  return (await readText(stream)) === `hello to you, ${from.id.slice(0, 8)}`;
}

/** All that the other end sends. */
async function readText(stream) {
  const text = new TextDecoder();
  let all = '';
  for await (const batch of stream) for (const chunk of batch) all += text.decode(chunk, { stream: true });
  return all;
}
