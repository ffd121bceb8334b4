/** A NAT in miniature, in front of one client: it can take another port in mid-traffic, and counts what is lost by that. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { SocketAddress } from '../../../src/index.js';

const HOST = '127.0.0.1';

/** Forwards between the first who sends to {@link CountingNat.port} and one target on this machine. */
export class CountingNat {
  readonly #inside: Socket;
  readonly #outsides: Socket[] = [];
  readonly #target: SocketAddress;
  #client: RemoteInfo | null = null;
  /** Of the target, to ports that are not in use any more. */
  readonly lost = { packets: 0n, bytes: 0n };

  private constructor(inside: Socket, target: SocketAddress) {
    this.#inside = inside;
    this.#target = target;
    inside.on('message', (packet, from) => {
      this.#client ??= from;
      this.#outsides.at(-1)?.send(packet, target.port, target.host);
    });
  }

  static async start(target: SocketAddress): Promise<CountingNat> {
    const nat = new CountingNat(await boundSocket(), target);
    await nat.changePort();
    return nat;
  }

  /** Where the client sends to. */
  get port(): number {
    return this.#inside.address().port;
  }

  /** Goes on from another port. */
  async changePort(): Promise<void> {
    const outside = await boundSocket();
    this.#outsides.push(outside);
    outside.on('message', (packet, from) => {
      if (from.port === this.#target.port) this.#arrived(packet, outside === this.#outsides.at(-1));
    });
  }

  close(): void {
    for (const socket of [this.#inside, ...this.#outsides]) socket.close();
  }

  #arrived(packet: Buffer, isInUse: boolean): void {
    if (isInUse && this.#client !== null) {
      this.#inside.send(packet, this.#client.port, this.#client.address);
      return;
    }
    this.lost.packets++;
    this.lost.bytes += BigInt(packet.length);
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
