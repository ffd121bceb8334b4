import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../src/engine/system-runtime.js';
import { generateIdentity, generateNetworkSecret, type MeshNode, type Peer, parseAddress } from '../../src/index.js';
import { createMeshNode } from '../../src/node/mesh-node.js';
import { nextEvent, patternBytes, sameBytes, shards, type TestNodeOptions } from './support/nodes.js';

/** Handshakes that a test waits for, after the first. */
const REKEYS = 5n;
const CHUNK_BYTES = 256 * 1_024;

/** A node whose sessions live for a moment. */
async function shortLived(secret: Uint8Array, initiatorMs: number, responderMs: number, more: TestNodeOptions = {}): Promise<MeshNode> {
  const runtime = { ...systemRuntime, rekeyIntervals: { initiatorMs, responderMs } };
  const options = { identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0', shards, ...more };
  const node = await createMeshNode(options, runtime);
  onTestFinished(async () => {
    await node.close({ timeoutMs: 0 });
  });
  node.handle('echo', async (stream) => {
    for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
  });
  return node;
}

/** Echoes patterns over one stream until `isEnough`; every byte must come back in order. */
async function echoUntil(peer: Peer, isEnough: () => boolean): Promise<void> {
  const stream = await peer.openStream('echo');
  for (let round = 0; round === 0 || !isEnough(); round++) {
    const sent = patternBytes(CHUNK_BYTES, round);
    const written = stream.write(sent);
    const received = new Uint8Array(CHUNK_BYTES);
    for (let count = 0; count < CHUNK_BYTES; ) {
      const into = new Uint8Array(CHUNK_BYTES - count);
      const read = await stream.read(into);
      if (read === 0) throw new Error('the stream ended');
      received.set(into.subarray(0, read), count);
      count += read;
    }
    await written;
    expect(sameBytes(received, sent)).toBe(true);
  }
  await stream.end();
}

test.each([
  ['the initiator begins each time', 100, 60_000],
  ['the responder begins when the initiator does not', 60_000, 100],
  ['both ends begin at once', 100, 100],
])('new keys under traffic lose no byte and end no stream: %s', async (_name, initiatorMs, responderMs) => {
  const secret = generateNetworkSecret();
  const [server, client] = [await shortLived(secret, initiatorMs, responderMs), await shortLived(secret, initiatorMs, responderMs)];
  const seen = nextEvent(server, 'peer');
  const peer = await client.connect(server.address);
  const [caller] = (await seen) as [Peer];
  const changes: string[] = [];
  for (const end of [peer, caller]) end.on('state', ({ status }) => changes.push(status));
  const isEnough = (): boolean => [client, server].every((node) => node.stats().handshakesCompleted > REKEYS);
  await Promise.all([echoUntil(peer, isEnough), echoUntil(caller, isEnough)]);
  expect(changes).toEqual([]);
  expect(client.peers.get(server.id)).toBe(peer);
});

test('a joined association gets new keys as well, and stays what it was', async () => {
  const secret = generateNetworkSecret();
  const [server, client] = [await shortLived(secret, 100, 60_000), await shortLived(secret, 100, 60_000)];
  const seen = nextEvent(server, 'peer');
  const peer = await client.connect(`osier://127.0.0.1:${parseAddress(server.address).hosts[0]?.port}`);
  const [caller] = (await seen) as [Peer];
  await echoUntil(peer, () => server.stats().handshakesCompleted > REKEYS);
  expect([peer.verified, caller.verified]).toEqual(['network', 'network']);
  expect(peer.state.status).toBe('connected');
});

test('new keys are no new peer: the policy is not asked again, and a full node gives them', async () => {
  const secret = generateNetworkSecret();
  const asked: string[] = [];
  const accept = ({ id }: { readonly id: string }): boolean => asked.push(id) > 0;
  const server = await shortLived(secret, 60_000, 60_000, { accept, limits: { peers: 1 } });
  const client = await shortLived(secret, 100, 60_000);
  const peer = await client.connect(server.address);
  await echoUntil(peer, () => server.stats().handshakesCompleted > REKEYS);
  expect(asked).toEqual([client.id]);
});
