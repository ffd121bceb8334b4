// Parts of Osier by themselves, within one process, under tinybench; the value is the median of one call.
import { fileURLToPath } from 'node:url';
import { PinnedProcess } from '../lib/pinned-process.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark */

const WORKER = fileURLToPath(new URL('../workers/micro.mjs', import.meta.url));

/** @param {string} task @param {string} label @returns {import('../lib/benchmark.mjs').Contestant} */
function taskOf(task, label) {
  return {
    id: task,
    label,
    run: async ({ cores, warmUpMs, measureMs }) => {
      const worker = new PinnedProcess(cores[0], process.execPath, [WORKER, task, JSON.stringify({ warmUpMs, measureMs })]);
      try {
        const { meanMicros, p50Micros, p99Micros, samples } = await worker.next();
        return { value: p50Micros, settings: 'tinybench', details: { meanMicros, p99Micros, samples } };
      } finally {
        await worker.stop();
      }
    },
  };
}

/** @param {Pick<Benchmark, 'name' | 'title' | 'about'> & { tasks: Record<string, string> }} micro @returns {Benchmark} */
function microOf({ name, title, about, tasks }) {
  const contestants = Object.entries(tasks).map(([task, label]) => taskOf(task, label));
  const details = { meanMicros: 'mean, us', p99Micros: 'p99, us', samples: 'samples' };
  return { name, title, about, unit: 'us', better: 'lower', subject: contestants[0]?.id ?? '', details, contestants, bars: [] };
}

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [
  () =>
    microOf({
      name: 'micro-address',
      title: 'Addresses',
      about: [
        'An address with an id and two hosts is read, and written.',
        'Beside it, what the URL parser of Node takes for one host, which checks no key.',
      ],
      tasks: { 'osier-parse-address': 'Osier, parseAddress', 'osier-format-address': 'Osier, formatAddress', url: 'new URL' },
    }),
  () =>
    microOf({
      name: 'micro-id',
      title: 'Node ids',
      about: [
        'An id of 52 characters is checked and lower-cased; 32 bytes are written as one, and read back.',
        'Beside it, 32 bytes in hex by Node.',
      ],
      tasks: {
        'osier-parse-id': 'Osier, parseNodeId',
        'osier-encode-id': 'Osier, base32 of 32 bytes',
        'osier-decode-id': 'Osier, 32 bytes of base32',
        'hex-encode': 'hex of 32 bytes',
      },
    }),
  () =>
    microOf({
      name: 'micro-messages',
      title: 'Messages of the handshake',
      about: ['The payload of message 1 with every field is encoded, and decoded.', 'Beside it, the same fields as JSON.'],
      tasks: { 'osier-encode-request': 'Osier, encode', 'osier-decode-request': 'Osier, decode', 'json-encode': 'JSON.stringify' },
    }),
  () =>
    microOf({
      name: 'micro-handshake',
      title: 'Cryptography of a handshake',
      about: [
        'Both ends of a whole handshake, to the keys, which are compared: IK, as nodes that know one another shake hands, and XXpsk0, as they join.',
        'Beside it, the eight X25519 agreements of both ends of IK by OpenSSL.',
      ],
      tasks: { 'osier-handshake': 'Osier, IK', 'osier-join': 'Osier, XXpsk0', x25519: 'eight X25519 agreements' },
    }),
  () =>
    microOf({
      name: 'micro-crossing',
      title: 'Into the engine and out of it',
      about: [
        'Two nodes in one process: 64 KiB are written to a stream and read at its other end, compared; and one message of 64 bytes.',
        'Beside it, 64 KiB through a TCP connection of Node.',
      ],
      tasks: { 'osier-write-read': 'Osier, 64 KiB', 'osier-message': 'Osier, a message of 64 B', 'tcp-write-read': 'TCP, 64 KiB' },
    }),
];
