import { createSocket } from 'node:dgram';
import { expect, onTestFinished, test } from 'vitest';
import { ENVELOPE_OVERHEAD, encodeEnvelope, MessageKind } from '../../src/handshake/envelope.js';
import { joinKeysOf } from '../../src/handshake/network-keys.js';
import { XX_MESSAGE_1_OVERHEAD } from '../../src/handshake/noise.js';
import { CopyableState } from '../../src/handshake/noise-state.js';
import { encodeGreeting } from '../../src/handshake/payload.js';
import { MESSAGE_1_BYTES } from '../../src/handshake/protocol.js';
import { randomFill } from '../../src/identity/sodium.js';
import { formatAddress, generateNetworkSecret, parseAddress } from '../../src/index.js';
import { SMALL_ORDER_KEYS } from '../unit/handshake/small-order-keys.js';
import { startNode } from './support/nodes.js';

const PAYLOAD_BYTES = MESSAGE_1_BYTES - ENVELOPE_OVERHEAD - XX_MESSAGE_1_OVERHEAD;

/** A join that any member of the network can begin, with an ephemeral key that agrees with nobody's. */
function greetingOf(networkSecret: Uint8Array, ephemeralPublic: Uint8Array): Uint8Array {
  const { prologue, psk, mac1Key } = joinKeysOf(networkSecret);
  const ephemeralSecret = new Uint8Array(32);
  randomFill(ephemeralSecret);
  const localStatic = { publicKey: new Uint8Array(32), secretKey: new Uint8Array(32) };
  const state = CopyableState.start('XXpsk0', true, { prologue, psk, localStatic, ephemeralSecret });
  if (state.e !== null) state.e.publicKey = ephemeralPublic;
  const payload = encodeGreeting({ senderIndex: 7, versions: [1], features: 0, ciphers: ['chacha20-poly1305'] }, PAYLOAD_BYTES);
  return encodeEnvelope({ kind: MessageKind.xx1, receiverIndex: 0, senderIndex: 7, noise: state.send(payload) }, mac1Key);
}

test('a node outlives joins with every ephemeral key of small order, many at once, and serves on', async () => {
  const secret = generateNetworkSecret();
  const server = await startNode({ network: { secret } });
  const port = parseAddress(server.address).hosts[0]?.port;
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  for (const key of [...SMALL_ORDER_KEYS, ...SMALL_ORDER_KEYS, ...SMALL_ORDER_KEYS]) socket.send(greetingOf(secret, key), port, '127.0.0.1');
  const client = await startNode({ network: { secret } });
  const byAddress = formatAddress({ id: null, hosts: [{ host: '127.0.0.1', port: port ?? 0 }] });
  expect((await client.connect(byAddress)).id).toBe(server.id);
  const caller = await startNode({ network: { secret } });
  expect((await caller.connect(server.address)).id).toBe(server.id);
});
