// @number0/iroh: QUIC (noq) with relays and discovery switched off.
import iroh from '@number0/iroh';
import { HOST } from './host.mjs';

const { Endpoint, EndpointAddr, EndpointId, RelayMode } = iroh;
const ALPN = [...Buffer.from('osier-bench')];
const READ_BYTES = 65_536;

/** An endpoint that is collected takes its connections along.
 * @type {unknown[]} */
const kept = [];

/** @param {Record<string, string>} options @returns {import('./link.mjs').Contestant} */
export function contestant({ host = HOST }) {
  const bind = async () => {
    const builder = Endpoint.builder();
    builder.applyMinimal();
    builder.alpns([ALPN]);
    builder.relayMode(RelayMode.disabled());
    builder.bindAddr(`${host}:0`);
    const endpoint = await builder.bind();
    kept.push(endpoint);
    return endpoint;
  };
  return {
    name: 'iroh',
    settings: 'minimal preset, no relays, reads of 64 KiB',
    isEncrypted: true,
    async listen(onStream) {
      const endpoint = await bind();
      void accept(endpoint, onStream);
      return `${endpoint.id().toString()} ${endpoint.boundSockets()[0]}`;
    },
    async connect(address) {
      const [id = '', socket = ''] = address.split(' ');
      const endpoint = await bind();
      const connection = await endpoint.connect(new EndpointAddr(EndpointId.fromString(id), null, [socket]), ALPN);
      return { openStream: async () => asStream(await connection.openBi()), close: () => endpoint.close() };
    },
  };
}

/** @param {any} endpoint @param {(stream: import('./link.mjs').Stream) => void} onStream */
async function accept(endpoint, onStream) {
  for (;;) {
    const incoming = await endpoint.acceptNext();
    if (incoming === null) return;
    const connection = await (await incoming.accept()).connect();
    void (async () => {
      for (;;) onStream(asStream(await connection.acceptBi()));
    })().catch(() => {});
  }
}

/** Bytes cross its boundary as arrays of numbers.
 * @param {any} bi @returns {import('./link.mjs').Stream} */
function asStream(bi) {
  return {
    write: (bytes) => bi.send.writeAll([...bytes]),
    end: () => bi.send.finish(),
    read: async () => {
      const bytes = await bi.recv.read(READ_BYTES);
      return bytes.length === 0 ? null : Uint8Array.from(bytes);
    },
  };
}
