import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** What Node and libuv may hold for a socket that is full. */
const SEND_QUEUE_BYTES_MAX = 256 * 1_024;

/** What is asked of the system; it grants what it allows. */
const SOCKET_BUFFER_BYTES = 4 * 2 ** 20;

/** Errors in a row, with nothing received between them, after which a socket counts as dead. */
const ERRORS_MAX = 100;

/** How long a closed socket may take to send what it was given. */
const LAST_WORDS_MS = 250;

/** How an IPv4 address looks to a socket of both families (RFC 4291 §2.5.5.2). */
const MAPPED = '::ffff:';

/** What a socket tells. */
export interface DgramSink {
  /** The bytes are the receiver's. `host` is numeric, IPv4 as such. */ onDatagram(datagram: Uint8Array, host: string, port: number): void;
  /** There is room again after {@link DgramSocket.hasRoom} said no. */ onRoom(): void;
  onDead(error: Error): void;
}

/** A bound `node:dgram` socket, for numeric addresses, so that nothing of it waits for a resolver. */
export class DgramSocket {
  readonly port: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly #socket: Socket;
  readonly #family: number;
  readonly #sink: DgramSink;
  #errors = 0;
  #wasFull = false;
  #isClosed = false;
  #lastWords: NodeJS.Timeout | null = null;

  /** Throws the system's error. */
  constructor(host: string, port: number, sink: DgramSink) {
    this.#sink = sink;
    this.#family = isIP(host.split('%')[0] ?? '');
    this.#socket = createSocket({
      type: this.#family === 6 ? 'udp6' : 'udp4',
      lookup: (address, _options, callback) => callback(null, address, this.#family),
    });
    this.port = bound(this.#socket, host, port);
    this.#socket.on('message', (datagram, from) => this.#onMessage(datagram, from));
    this.#socket.on('error', (error) => this.#onError(error));
    this.receiveBufferBytes = granted(() => {
      this.#socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      return this.#socket.getRecvBufferSize();
    });
    this.sendBufferBytes = granted(() => {
      this.#socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
      return this.#socket.getSendBufferSize();
    });
  }

  /** Whether datagrams to addresses of `family` can leave here: one bound to `::` has both. */
  reaches(family: number): boolean {
    return family === this.#family || (family === 4 && this.#socket.address().address === '::');
  }

  hasRoom(): boolean {
    this.#wasFull = this.#socket.getSendQueueSize() >= SEND_QUEUE_BYTES_MAX;
    return !this.#wasFull;
  }

  /** Sends one datagram; `bytes` must not change any more. What Node or the system refuses is lost. */
  send(bytes: Uint8Array, host: string, port: number): void {
    try {
      const address = this.#family === 6 && isIP(host) === 4 ? MAPPED + host : withZoneName(host);
      this.#socket.send(bytes, port, address, () => this.#onSent());
    } catch {
      // Such as to port 0, or while the system does not tell its interfaces.
    }
  }

  setRef(referenced: boolean): void {
    if (referenced) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Hears nothing any more, and frees the port as soon as what waits to be sent has gone; after {@link LAST_WORDS_MS} at the latest. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.removeAllListeners('message');
    if (this.#socket.getSendQueueCount() === 0) {
      this.#socket.close();
      return;
    }
    this.#socket.ref();
    this.#lastWords = setTimeout(() => this.#free(), LAST_WORDS_MS);
  }

  #free(): void {
    if (this.#lastWords === null) return;
    clearTimeout(this.#lastWords);
    this.#lastWords = null;
    this.#socket.close();
  }

  #onSent(): void {
    if (this.#lastWords !== null && this.#socket.getSendQueueCount() === 0) this.#free();
    else if (!this.#isClosed && this.#wasFull && this.hasRoom()) this.#sink.onRoom();
  }

  #onMessage(datagram: Uint8Array, { address, port }: RemoteInfo): void {
    // Nobody can be answered there.
    if (port === 0) return;
    this.#errors = 0;
    const host = address.startsWith(MAPPED) && isIP(address.slice(MAPPED.length)) === 4 ? address.slice(MAPPED.length) : address;
    this.#sink.onDatagram(datagram, host, port);
  }

  #onError(error: Error): void {
    if (++this.#errors === ERRORS_MAX && !this.#isClosed) this.#sink.onDead(error);
  }
}

/** Binds at once, since there is no name to resolve and no other process of a cluster to ask. Returns the port. */
function bound(socket: Socket, address: string, port: number): number {
  let failure: Error | null = null;
  const onError = (error: Error): void => {
    failure = error;
  };
  socket.once('error', onError);
  socket.bind({ address, port, exclusive: true });
  socket.off('error', onError);
  if (failure !== null) {
    socket.close();
    throw failure;
  }
  return socket.address().port;
}

/** A size that the system tells, or 0. */
function granted(ask: () => number): number {
  try {
    return ask();
  } catch {
    return 0;
  }
}

/** libuv knows zones by the names of their interfaces alone. */
function withZoneName(host: string): string {
  const [address = '', zone] = host.split('%');
  if (zone === undefined) return host;
  const found = Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some(({ scopeid }) => String(scopeid) === zone));
  return found === undefined ? host : `${address}%${found[0]}`;
}
