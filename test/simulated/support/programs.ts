/** What programs on a virtual network have in common. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { MeshNode, Peer } from '../../../src/index.js';
import type { SimHost, SimOptions } from '../../../src/testing/index.js';
import { observeDatagrams, SimNetwork } from '../../../src/testing/sim-network.js';

/** A network that is closed when the test ends. */
export function simulate(options?: SimOptions): SimNetwork {
  const network = new SimNetwork(options);
  onTestFinished(() => network[Symbol.asyncDispose]());
  return network;
}

/** Sends back what comes. */
export function serveEcho(node: MeshNode): void {
  node.handle('echo', async (stream) => {
    for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    await stream.end();
  });
}

/** Two hosts with a node each; the client is connected to the server, which echoes. */
export async function connectTwo(
  network: SimNetwork,
): Promise<{ server: MeshNode; client: MeshNode; peer: Peer; hosts: readonly [SimHost, SimHost] }> {
  const hosts = [network.host('server'), network.host('client')] as const;
  const [server, client] = [await hosts[0].start(), await hosts[1].start()];
  serveEcho(server);
  return { server, client, peer: await client.connect(server.address), hosts };
}

/** What came back for `bytes`. */
export async function echoed(peer: Peer, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await peer.openStream('echo');
  const sending = stream.write(bytes).then(() => stream.end());
  const chunks: Uint8Array[] = [];
  for await (const batch of stream) chunks.push(...batch);
  await sending;
  return Buffer.concat(chunks);
}

/** A digest of every datagram, with its time and its ends, as of the moment it is asked for. */
export function traceOf(network: SimNetwork): () => { readonly datagrams: number; readonly digest: string } {
  const hash = createHash('sha256');
  let datagrams = 0;
  observeDatagrams(network, ({ what, atMicros, from, to, bytes }) => {
    datagrams++;
    hash.update(`${what} ${atMicros} ${from} ${to} `).update(bytes);
  });
  return () => ({ datagrams, digest: hash.copy().digest('hex') });
}
