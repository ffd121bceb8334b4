// @chainsafe/libp2p-quic: quinn behind napi-rs. Measured below libp2p's own layers, which would only add cost, by the native classes of the package.
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import { HOST } from './host.mjs';

/** What its own stream class asks for at once. */
const DEFAULT_READ_BYTES = 4_096;

/** The defaults of the package, but for windows and buffers. */
const TUNED = { maxStreamData: 16_000_000, maxConnectionData: 64_000_000, receiveBufferSize: 4_000_000, sendBufferSize: 4_000_000 };

/** @param {Record<string, string>} options @returns {Promise<import('./link.mjs').Contestant>} */
export async function contestant({ readBytes = String(DEFAULT_READ_BYTES), host = HOST }) {
  const [{ defaultOptions }, napi] = await Promise.all([import('@chainsafe/libp2p-quic'), import(nativeClasses())]);
  const isDefault = Number(readBytes) === DEFAULT_READ_BYTES;
  const config = async () => {
    const privateKeyProto = privateKeyToProtobuf(await generateKeyPair('Ed25519'));
    return new napi.QuinnConfig({ ...defaultOptions, ...(isDefault ? {} : TUNED), privateKeyProto });
  };
  const accepted = { connections: 0 };
  return {
    name: 'libp2p-quic',
    settings: isDefault ? 'defaults, reads of 4 KiB' : `reads of ${readBytes} B, windows of 16 MB, socket buffers of 4 MB`,
    isEncrypted: true,
    async listen(onStream) {
      const server = new napi.Server(await config(), host, 0);
      void accept(server, Number(readBytes), onStream, accepted);
      return `${host} ${server.port()}`;
    },
    accepted: () => accepted.connections,
    async dialer(address) {
      const [to = '', port = ''] = address.split(' ');
      const client = new napi.Client(await config(), 0);
      return {
        async dial() {
          const connection = await client.outboundConnection(to, Number(port));
          return { close: () => connection.abort() };
        },
      };
    },
    async connect(address) {
      const [to = '', port = ''] = address.split(' ');
      const client = new napi.Client(await config(), 0);
      const connection = await client.outboundConnection(to, Number(port));
      return {
        openStream: async () => asStream(await connection.outboundStream(), Number(readBytes)),
        close: () => client.abort(),
      };
    },
  };
}

/** @param {any} server @param {number} readBytes @param {(stream: import('./link.mjs').Stream) => void} onStream
 * @param {{ connections: number }} accepted */
async function accept(server, readBytes, onStream, accepted) {
  for (;;) {
    const connection = await server.inboundConnection();
    accepted.connections++;
    void (async () => {
      for (;;) onStream(asStream(await connection.inboundStream(), readBytes));
    })().catch(() => {});
  }
}

/** @param {any} stream @param {number} readBytes @returns {import('./link.mjs').Stream} */
function asStream(stream, readBytes) {
  return {
    write: (bytes) => stream.write(bytes),
    end: () => stream.finishWrite(),
    read: async () => (await stream.read(readBytes)) ?? null,
  };
}

/** The package exports its transport alone. */
function nativeClasses() {
  return new URL('./napi.js', import.meta.resolve('@chainsafe/libp2p-quic')).href;
}
