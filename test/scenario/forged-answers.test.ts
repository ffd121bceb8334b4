import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MessageKind } from '../../src/handshake/envelope.js';
import { mac1KeyOf } from '../../src/handshake/index.js';
import { randomFill } from '../../src/identity/sodium.js';
import { formatAddress, generateNetworkSecret, type MeshNode, parseAddress } from '../../src/index.js';
import { startNode } from './support/nodes.js';

const HANDSHAKE = 1;
const FORGED = 100;

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/**
 * A member of the network on the way to `server`. Before it passes a message of a handshake on, it sends a hundred answers of its own to whoever waits for
 * one, with a right mac1. Returns its port, and how many it has forged.
 */
async function forger(server: MeshNode, secret: Uint8Array): Promise<{ readonly port: number; readonly forged: () => number }> {
  const [towardsClient, towardsServer] = [await bound(), await bound()];
  const serverPort = parseAddress(server.address).hosts[0]?.port;
  let [clientPort, callerIndex, forged] = [0, 0, 0];
  const forge = (
    socket: Socket,
    port: number | undefined,
    kind: MessageKind,
    receiverIndex: number,
    senderIndex: number,
    mac1Key: Uint8Array,
  ): void => {
    for (let count = 0; count < FORGED; count++) {
      const noise = new Uint8Array(200);
      randomFill(noise);
      socket.send(encodeEnvelope({ kind, receiverIndex, senderIndex, noise }, mac1Key), port, '127.0.0.1');
      forged++;
    }
  };
  towardsClient.on('message', (datagram: Uint8Array, { port }) => {
    clientPort = port;
    if (datagram[0] === HANDSHAKE) {
      const { kind, senderIndex } = decodeEnvelope(datagram);
      callerIndex = senderIndex;
      if (kind === MessageKind.ik1) forge(towardsClient, clientPort, MessageKind.ik2, senderIndex, 7, mac1KeyOf(secret, server.id));
      if (kind === MessageKind.xx1) forge(towardsClient, clientPort, MessageKind.xx2, senderIndex, 7, mac1KeyOf(secret, null));
    }
    towardsServer.send(datagram, serverPort, '127.0.0.1');
  });
  towardsServer.on('message', (datagram: Uint8Array) => {
    if (datagram[0] === HANDSHAKE) {
      const { kind, senderIndex } = decodeEnvelope(datagram);
      if (kind === MessageKind.xx2) forge(towardsServer, serverPort, MessageKind.xx3, senderIndex, callerIndex, mac1KeyOf(secret, null));
    }
    towardsClient.send(datagram, clientPort, '127.0.0.1');
  });
  return { port: towardsClient.address().port, forged: () => forged };
}

test.each(['by id', 'by address'])('a handshake completes behind a hundred forged answers to each of its messages: %s', async (way) => {
  const secret = generateNetworkSecret();
  const server = await startNode({ network: { secret } });
  const client = await startNode({ network: { secret } });
  const { port, forged } = await forger(server, secret);
  const target = formatAddress({ id: way === 'by id' ? server.id : null, hosts: [{ host: '127.0.0.1', port }] });
  expect((await client.connect(target)).id).toBe(server.id);
  expect(forged()).toBeGreaterThanOrEqual(way === 'by id' ? FORGED : 2 * FORGED);
});
