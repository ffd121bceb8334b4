// Osier itself, as a program that embeds a node has it.
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../dist/index.js';
import { HOST } from './host.mjs';

/** More streams at once than the default: the benchmarks of many peers have one of each. */
const HANDLING = { maxConcurrent: 4_096 };

const PRIORITIES = /** @type {const} */ ({ first: 0, usual: 3, last: 7 });

/** @param {Record<string, string>} options @returns {import('./link.mjs').Contestant} */
export function contestant({ cipher = 'auto', congestion = 'cubic', listen = `udp://${HOST}:0`, spinMicros = '' }) {
  /** @param {Uint8Array} secret @param {string} [at] */
  const start = async (secret, at = listen) => {
    last = await MeshNode.create({
      identity: await generateIdentity(),
      network: { secret },
      listen: at,
      cipher: /** @type {'auto'} */ (cipher),
      congestion: /** @type {'cubic'} */ (congestion),
      ...(spinMicros === '' ? {} : { spin: { maxMicros: Number(spinMicros) } }),
    });
    return last;
  };
  /** @type {MeshNode | null} */
  let last = null;
  /** @type {MeshNode | null} */
  let listening = null;
  /** @param {(node: MeshNode) => void} serve */
  const listenBy = async (serve) => {
    const secret = generateNetworkSecret();
    const node = await start(secret);
    listening = node;
    serve(node);
    return `${Buffer.from(secret).toString('hex')} ${node.address}`;
  };
  return {
    name: 'osier',
    settings: `cipher ${cipher}, ${congestion}${spinMicros === '' ? '' : `, polls up to ${spinMicros} us`}`,
    isEncrypted: true,
    listen: (onStream) =>
      listenBy((node) =>
        node.handle(
          'bench',
          { kind: 'bytes', ...HANDLING },
          served((stream) => onStream(asStream(stream))),
        ),
      ),
    listenForMessages: (onMessages) =>
      listenBy((node) =>
        node.handle(
          'bench',
          { kind: 'messages', ...HANDLING },
          served((stream) => onMessages(asReceiver(stream))),
        ),
      ),
    packets: () => Number((last?.stats().packetsSent ?? 0n) + (last?.stats().packetsReceived ?? 0n)),
    accepted: () => Number(listening?.stats().handshakesCompleted ?? 0),
    async dialer(address) {
      const [secret = '', target = ''] = address.split(' ');
      const node = await start(Buffer.from(secret, 'hex'), listenOfItsOwn());
      return {
        dial: async () => {
          const peer = await node.connect(target);
          // The other end has the session too: an answer to an earlier attempt, which that end has given up, would show here.
          await peer.ping();
          return {
            close: async () => {
              await peer.close({ timeoutMs: 0 });
            },
          };
        },
      };
    },
    async connect(address) {
      const [secret = '', target = ''] = address.split(' ');
      const node = await start(Buffer.from(secret, 'hex'), listenOfItsOwn());
      const peer = await node.connect(target);
      return {
        openStream: async ({ level } = {}) => asStream(await peer.openStream('bench', { priority: PRIORITIES[level ?? 'usual'] })),
        openMessages: async () => asSender(await peer.openStream('bench', { kind: 'messages' })),
        close: async () => {
          await node.close({ timeoutMs: 0 });
        },
      };
    },
  };
}

let addresses = 0;

/** A node under load answers 16 handshakes a second to each address: endpoints that call have one each, as on many machines, of the 65,536 from 127.1.0.0 on. */
function listenOfItsOwn() {
  const number = addresses++;
  return `udp://${HOST === '127.0.0.1' ? `127.1.${(number >> 8) & 255}.${number & 255}` : HOST}:0`;
}

/** A handler lives for as long as its stream.
 * @template {{ readonly closed: Promise<unknown> }} S @param {(stream: S) => void} take */
function served(take) {
  return async (/** @type {S} */ stream) => {
    take(stream);
    await stream.closed;
  };
}

/** @param {import('../../dist/index.js').ByteStream} stream @returns {import('./link.mjs').Stream} */
export function asStream(stream) {
  const views = stream.views()[Symbol.asyncIterator]();
  return {
    write: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    read: async () => {
      const { value, done } = await views.next();
      return done ? null : value;
    },
  };
}

/** @param {import('../../dist/index.js').MessageStream} stream @returns {import('./link.mjs').MessageSender} */
function asSender(stream) {
  return {
    send: (message) => (stream.trySend(message) ? undefined : stream.send(message)),
    end: () => stream.end(),
  };
}

/** @param {import('../../dist/index.js').MessageStream} stream @returns {import('./link.mjs').MessageReceiver} */
function asReceiver(stream) {
  const batches = stream.batches()[Symbol.asyncIterator]();
  return {
    readBatch: async () => {
      const { value, done } = await batches.next();
      return done ? null : value;
    },
  };
}
