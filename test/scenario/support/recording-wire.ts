/** A wire between two nodes that keeps what passes, and what it takes to read it. */
import { createDecipheriv } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { blake2b } from '../../../src/identity/sodium.js';
import { formatAddress, parseAddress } from '../../../src/index.js';

/** The type byte of data packets. */
const DATA = 4;

/** One client's way to a server. */
export interface RecordingWire extends AsyncDisposable {
  /** Leads to the server, through the wire. */
  readonly address: string;
  /** Both directions, in the order of their passing. */
  readonly dataPackets: readonly Buffer[];
}

/** A wire to the node at `address`. */
export async function recordingWire(address: string): Promise<RecordingWire> {
  const { id, hosts } = parseAddress(address);
  const serverPort = hosts[0]?.port;
  const [front, back] = [await boundSocket(), await boundSocket()];
  const dataPackets: Buffer[] = [];
  let clientPort = 0;
  const keep = (packet: Buffer): void => {
    if (packet[0] === DATA) dataPackets.push(packet);
  };
  front.on('message', (packet, { port }) => {
    clientPort = port;
    keep(packet);
    back.send(packet, serverPort, '127.0.0.1');
  });
  back.on('message', (packet) => {
    keep(packet);
    front.send(packet, clientPort, '127.0.0.1');
  });
  return {
    address: formatAddress({ id, hosts: [{ host: '127.0.0.1', port: front.address().port }] }),
    dataPackets,
    [Symbol.asyncDispose]: async () => {
      front.close();
      back.close();
    },
  };
}

/** The frames of a data packet of generation 0, with nothing but its direction's `secret 0`. Throws unless it is authentic. */
export function openPacket(packet: Buffer, cipher: 'chacha20-poly1305' | 'aes-256-gcm', secret: Buffer): Buffer {
  const key = blake2b(32, [Buffer.from('osier v1 key'), Buffer.from(cipher)], secret);
  const nonce = Buffer.concat([Buffer.alloc(4), packet.subarray(8, 16)]);
  const decipher = createDecipheriv(cipher as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
  const sealed = packet.subarray(16, -16);
  decipher.setAAD(packet.subarray(0, 16), { plaintextLength: sealed.length } as never);
  decipher.setAuthTag(packet.subarray(-16));
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
