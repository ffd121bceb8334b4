// TCP of the kernel through node:net: not encrypted. A connection a stream.
import { once } from 'node:events';
import { connect as connectTo, createServer } from 'node:net';
import { HOST } from './host.mjs';
import { asStream } from './node-stream.mjs';

const SOCKET_BUFFER_BYTES = 1 << 20;

/** @param {Record<string, string>} options @returns {import('./link.mjs').Contestant} */
export function contestant({ host = HOST }) {
  return {
    name: 'tcp',
    settings: 'no delay, high-water mark 1 MiB',
    isEncrypted: false,
    async listen(onStream) {
      const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: SOCKET_BUFFER_BYTES }, (socket) => onStream(asStream(socket)));
      server.listen(0, host);
      await once(server, 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      return `${host} ${port}`;
    },
    async connect(address) {
      const [to = '', port = ''] = address.split(' ');
      /** @type {import('node:net').Socket[]} */
      const sockets = [];
      return {
        async openStream() {
          const settings = { host: to, port: Number(port), allowHalfOpen: true, noDelay: true, highWaterMark: SOCKET_BUFFER_BYTES };
          const socket = connectTo(/** @type {import('node:net').NetConnectOpts} */ (settings));
          sockets.push(socket);
          await once(socket, 'connect');
          return asStream(socket);
        },
        close: () => {
          for (const socket of sockets) socket.destroy();
        },
      };
    },
  };
}
