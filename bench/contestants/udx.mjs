// udx-native, the nearest shipped peer, under @hyperswarm/secret-stream; `plain` leaves the encryption away.
import { once } from 'node:events';
import SecretStream from '@hyperswarm/secret-stream';
import UDX from 'udx-native';
import { HOST } from './host.mjs';
import { asStream } from './node-stream.mjs';

/** A stream of udx is named at both ends before the first packet: a datagram over the same socket asks for one and is answered with its number. */
const FIRST_ID = 1;

/** @param {Record<string, string>} options @returns {import('./link.mjs').Contestant} */
export function contestant({ plain = '', host = HOST }) {
  const isPlain = plain !== '';
  /** @param {boolean} isInitiator @param {any} raw */
  const over = (isInitiator, raw) => asStream(isPlain ? raw : new SecretStream(isInitiator, raw));
  return {
    name: 'udx',
    settings: isPlain ? 'defaults, not encrypted' : 'secret-stream with its defaults (XX, XChaCha20-Poly1305)',
    isEncrypted: !isPlain,
    async listen(onStream) {
      const udx = new UDX();
      const socket = udx.createSocket();
      socket.bind(0, host);
      let next = FIRST_ID;
      socket.on('message', (/** @type {Buffer} */ message, /** @type {{ port: number, host: string }} */ from) => {
        const raw = udx.createStream(next++);
        raw.connect(socket, message.readUInt32LE(), from.port, from.host);
        socket.send(idMessage(raw.id), from.port, from.host);
        onStream(over(false, raw));
      });
      return `${host} ${socket.address().port}`;
    },
    async connect(address) {
      const [to = '', port = ''] = address.split(' ');
      const udx = new UDX();
      const socket = udx.createSocket();
      socket.bind(0, host);
      let next = FIRST_ID;
      return {
        async openStream() {
          const raw = udx.createStream(next++);
          socket.send(idMessage(raw.id), Number(port), to);
          const [answer] = await once(socket, 'message');
          raw.connect(socket, answer.readUInt32LE(), Number(port), to);
          return over(true, raw);
        },
        close: () => {},
      };
    },
  };
}

/** @param {number} id */
function idMessage(id) {
  const message = Buffer.alloc(4);
  message.writeUInt32LE(id);
  return message;
}
