// What every contestant of Node offers, so that one worker measures all of them by the same code.
//
//   listen(onStream)   binds a port of the loopback; calls back with every stream that the other end opens. Resolves with what `connect` needs to get there.
//   connect(address)   resolves with a connection, on which streams can be opened.
//   dialer(address)    where one endpoint can connect again and again: resolves with such an endpoint.
//   settings           what differs from the defaults, and why: shown in the report.
//
// A stream is a reliable byte stream with back-pressure.

/**
 * @typedef {object} Stream
 * @property {(bytes: Uint8Array) => Promise<void> | void} write Resolves when more may be written; a contestant may return nothing when it may at once.
 * @property {() => Promise<void>} end
 * @property {() => Promise<Uint8Array | null>} read The next bytes as they come, owned until the next call; `null` at the end.
 *
 * @typedef {{ send: (message: Uint8Array) => Promise<void> | void, end: () => Promise<void> }} MessageSender
 * @typedef {{ readBatch: () => Promise<readonly Uint8Array[] | null> }} MessageReceiver All messages at hand; `null` at the end.
 *
 * @typedef {object} Connection
 * @property {(options?: { level?: 'first' | 'last' }) => Promise<Stream>} openStream `level`: among the streams of the connection, where it has priorities.
 * @property {() => Promise<MessageSender>} [openMessages] Where there is something better for messages than a byte stream.
 * @property {() => Promise<void> | void} close
 *
 * @typedef {object} Contestant
 * @property {string} name
 * @property {string} settings
 * @property {boolean} isEncrypted
 * @property {(onStream: (stream: Stream) => void) => Promise<string>} listen
 * @property {(onMessages: (receiver: MessageReceiver) => void) => Promise<string>} [listenForMessages] The other end of {@link Connection.openMessages}.
 * @property {(address: string) => Promise<Connection>} connect
 * @property {(address: string) => Promise<{ dial: () => Promise<Pick<Connection, 'close'>> }>} [dialer]
 * @property {() => number} [packets] Sent and received by the last endpoint that it made.
 * @property {() => number} [accepted] Handshakes that the listening end has completed.
 */

/** Modules by name; a worker loads only its own.
 * @type {Readonly<Record<string, () => Promise<{ contestant: (options: Record<string, string>) => Promise<Contestant> | Contestant }>>>} */
export const CONTESTANTS = {
  osier: () => import('./osier.mjs'),
  udx: () => import('./udx.mjs'),
  'libp2p-quic': () => import('./libp2p-quic.mjs'),
  iroh: () => import('./iroh.mjs'),
  tcp: () => import('./tcp.mjs'),
  tls: () => import('./tls.mjs'),
};

/** @param {string} name @param {Record<string, string>} options @returns {Promise<Contestant>} */
export async function contestantNamed(name, options) {
  const load = CONTESTANTS[name];
  if (load === undefined) throw new Error(`there is no contestant ${name}; there are ${Object.keys(CONTESTANTS).join(', ')}`);
  return (await load()).contestant(options);
}
