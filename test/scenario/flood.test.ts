import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { type HandshakeParty, Initiator, Timestamps } from '../../src/handshake/index.js';
import { exchangeKeysOf, generateIdentity } from '../../src/identity/index.js';
import { randomFill } from '../../src/identity/sodium.js';
import { formatAddress, generateNetworkSecret, type MeshNode, parseAddress } from '../../src/index.js';
import { startNode } from './support/nodes.js';

const COOKIE_REPLY_BYTES = 64;

function random(byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  randomFill(bytes);
  return bytes;
}

/** Message 1s of a member of the network to `server`, each another. */
async function messages(server: MeshNode, secret: Uint8Array, count: number): Promise<Uint8Array[]> {
  const identity = await generateIdentity();
  const party: HandshakeParty = {
    id: identity.id,
    exchangeKeys: exchangeKeysOf(identity),
    instance: '00'.repeat(16),
    networkSecrets: [secret],
    ciphers: ['chacha20-poly1305'],
    credit: { maxData: 1, maxStreamData: 1, maxStreams: 1 },
    timestamps: new Timestamps(Date.now),
    nowMs: () => 0,
    randomBytes: random,
  };
  const call = { peer: server.id, verified: 'id', localIndex: 1, replacesIndex: 0, token: random(8), firstPacketNumber: 0n } as const;
  const initiator = new Initiator(party, call);
  return Array.from({ length: count }, () => initiator.nextMessage().datagram);
}

/** Sends all of `datagrams` again and again; resolves at the first cookie reply. */
async function flood(server: MeshNode, datagrams: readonly Uint8Array[]): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const port = parseAddress(server.address).hosts[0]?.port;
  const send = (): void => {
    for (const datagram of datagrams) socket.send(datagram, port, '127.0.0.1');
  };
  const timer = setInterval(send, 100);
  onTestFinished(() => {
    clearInterval(timer);
    socket.close();
  });
  send();
  for (;;) {
    const [reply] = (await once(socket, 'message')) as [Uint8Array];
    if (reply.length === COOKIE_REPLY_BYTES && reply[0] === 2) return socket;
  }
}

test.each(['by id', 'by address'])('a node that a member floods with handshakes is reached by others, who prove their address: %s', async (way) => {
  const secret = generateNetworkSecret();
  const server = await startNode({ network: { secret } });
  const client = await startNode({ network: { secret } });
  await flood(server, await messages(server, secret, 600));
  const { packetsRejected } = server.stats();
  const target = way === 'by id' ? server.address : formatAddress({ id: null, hosts: parseAddress(server.address).hosts });
  expect((await client.connect(target)).id).toBe(server.id);
  expect(server.stats().packetsRejected).toBeGreaterThan(packetsRejected);
});
