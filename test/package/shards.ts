/** Clients of program 9 on the loopback, as many as it has shards, each of which serves one. */
import assert from 'node:assert/strict';
import { formatAddress, generateIdentity, MeshNode } from 'osier';
import { shardedServer } from '../types/api-usage.js';

const SHARDS = 4;
/** To each shard. */
const CALLS = 3;
const PORT = 7400;
const ANSWERS = Array.from({ length: SHARDS }, (_, shard) => Array.from({ length: CALLS }, (_, call) => `shard ${shard}: ${call + 1}`)).flat();

/** Runs the server, which takes its identity from ./server.key, and closes it. Throws unless each shard answers, and counts for itself. */
export async function callShards(secret: string): Promise<void> {
  await using server = await nodeOf(() => shardedServer(secret));
  const clients: MeshNode[] = [];
  const answers: string[] = [];
  for (let count = 0; count < SHARDS; count++) {
    const client = await MeshNode.create({ identity: await generateIdentity(), network: { secret } });
    clients.push(client);
    answers.push(...(await callsOf(client, formatAddress({ id: server.id, hosts: [{ host: '127.0.0.1', port: PORT }] }))));
  }
  // All are connected until now, so that each next one went to a shard that had nobody.
  await Promise.all(clients.map((client) => client.close()));
  assert.deepEqual(answers.sort(), ANSWERS);
}

/** The answers to messages that are sent one after the other. */
async function callsOf(client: MeshNode, address: string): Promise<string[]> {
  await using stream = await (await client.connect(address)).openStream('count', { kind: 'messages' });
  const answers: string[] = [];
  await stream.send(Uint8Array.of(1));
  for await (const answer of stream) {
    if (answers.push(new TextDecoder().decode(answer)) === CALLS) break;
    await stream.send(Uint8Array.of(1));
  }
  return answers;
}

/** The node that `program` creates and keeps to itself. */
async function nodeOf(program: () => Promise<void>): Promise<MeshNode> {
  const nodes: MeshNode[] = [];
  const create = MeshNode.create;
  MeshNode.create = async (options) => {
    const node = await create.call(MeshNode, options);
    nodes.push(node);
    return node;
  };
  try {
    await program();
  } finally {
    MeshNode.create = create;
  }
  const [node] = nodes;
  assert.ok(node !== undefined && nodes.length === 1);
  return node;
}
