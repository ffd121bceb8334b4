/** A NAT in miniature: passes the packets of one client on from a port of its own, and can take another port in mid-traffic. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { SocketAddress } from '../../index.js';

const HOST = '127.0.0.1';

/** Forwards between the first who sends to {@link UdpForwarder.port} and one target on this machine. */
export class UdpForwarder implements AsyncDisposable {
  private readonly inside: Socket;
  private outside: Socket;
  private readonly target: SocketAddress;
  private client: RemoteInfo | null = null;

  private constructor(inside: Socket, outside: Socket, target: SocketAddress) {
    this.inside = inside;
    this.outside = outside;
    this.target = target;
    inside.on('message', (packet, from) => {
      this.client ??= from;
      if (from.port === this.client.port) this.outside.send(packet, target.port, target.host);
    });
    this.listenOutside();
  }

  /** Starts a forwarder to `target`. */
  static async start(target: SocketAddress): Promise<UdpForwarder> {
    return new UdpForwarder(await boundSocket(), await boundSocket(), target);
  }

  /** Where the client sends to. */
  get port(): number {
    return this.inside.address().port;
  }

  /** Goes on from another port. What was on its way to the old one is lost, as behind a router that forgot its mapping. */
  async changePort(): Promise<void> {
    const before = this.outside;
    this.outside = await boundSocket();
    this.listenOutside();
    before.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sockets = [this.inside, this.outside];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
  }

  private listenOutside(): void {
    this.outside.on('message', (packet, from) => {
      if (this.client !== null && from.port === this.target.port) this.inside.send(packet, this.client.port, this.client.address);
    });
  }
}

/** A socket on a free port. A packet that the system refuses is a lost packet. */
async function boundSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}
