// Small messages one way: written in bursts, and one by one.
import { startEnds } from '../lib/ends.mjs';
import { measureDgramMessages } from '../workloads/messages-dgram.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** What a buffered writer collects. */
const BUFFERED_MESSAGES = 1_000;

/** @param {Entrant} entrant @param {{ messageBytes: number, coalesced: number }} shape @returns {import('../lib/benchmark.mjs').Contestant} */
function messagesOf(entrant, shape) {
  return contestantOf(entrant, async ({ cores, warmUpMs, measureMs }) => {
    const { receiver, sender, settings, stop } = await startEnds(entrant, 'messages', { ...shape, warmUpMs, measureMs }, cores);
    try {
      await sender.next();
      const { count, micros } = await receiver.next();
      sender.send('stop');
      const [sent, arrived] = [await sender.next(), await receiver.next()];
      if (sent.messages !== arrived.messages) throw new Error(`${sent.messages} messages were sent and ${arrived.messages} arrived`);
      return { value: count / micros, settings, details: {} };
    } finally {
      await stop();
    }
  });
}

/** @param {number} messageBytes @param {boolean} isSealed @returns {import('../lib/benchmark.mjs').Contestant} */
const dgram = (messageBytes, isSealed) => ({
  id: isSealed ? 'dgram-crypto' : 'dgram',
  label: isSealed ? 'node:dgram with AES-256-GCM of node:crypto, not reliable' : 'node:dgram, neither encrypted nor reliable',
  run: async (context) => {
    const { messagesPerMicro, lostShare } = await measureDgramMessages({ ...context, messageBytes, isSealed });
    return { value: messagesPerMicro, settings: 'connected socket; what arrived', details: { lostShare } };
  },
});

/** @param {number} messageBytes @param {string} size @returns {Benchmark} */
const inBursts = (messageBytes, size) => ({
  name: `messages-${messageBytes}`,
  title: `Messages of ${size} in bursts`,
  about: [
    'One stream, one direction; the sender writes all that it has at hand, and the transport puts them together. Every byte is compared on arrival.',
    'Osier: a message stream. Others: a byte stream in which messages lie back to back; the Rust ones through a buffer of 1,000 messages.',
  ],
  unit: 'million/s',
  better: 'higher',
  subject: 'osier-AES',
  isExtra: messageBytes !== 64,
  contestants: [
    messagesOf(osier('aes-256-gcm'), { messageBytes, coalesced: BUFFERED_MESSAGES }),
    dgram(messageBytes, false),
    dgram(messageBytes, true),
    messagesOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }, { messageBytes, coalesced: BUFFERED_MESSAGES }),
    messagesOf(s2n(), { messageBytes, coalesced: BUFFERED_MESSAGES }),
    ...Object.values(NODE_PEERS).map((entrant) => ({
      ...messagesOf(entrant, { messageBytes, coalesced: BUFFERED_MESSAGES }),
      // Each of its writes waits for the other side of the boundary.
      isExtra: entrant.id === 'iroh',
    })),
  ],
  bars:
    messageBytes === 64
      ? [
          { against: 'dgram', relation: 'at least', bound: 20 },
          { against: 'quinn', relation: 'at least', bound: 0.8 },
        ]
      : [],
});

/** @param {number} messageBytes @param {string} size @returns {Benchmark} */
const oneByOne = (messageBytes, size) => ({
  name: `messages-${messageBytes}-single`,
  title: `Messages of ${size}, one by one`,
  about: [
    'As above, but each message is handed over by itself, and awaited before the next is made.',
    'node:dgram sends each as a datagram of its own.',
  ],
  unit: 'million/s',
  better: 'higher',
  subject: 'osier-AES',
  isExtra: messageBytes !== 64,
  contestants: [
    messagesOf(osier('aes-256-gcm'), { messageBytes, coalesced: 1 }),
    dgram(messageBytes, false),
    dgram(messageBytes, true),
    messagesOf({ ...quinn('aes-256-gcm', 1440), id: 'quinn' }, { messageBytes, coalesced: 1 }),
    messagesOf(s2n(), { messageBytes, coalesced: 1 }),
  ],
  bars: messageBytes === 64 ? [{ against: 'dgram', relation: 'at least', bound: 1.5 }] : [],
});

const SIZES = /** @type {const} */ ([
  [64, '64 bytes'],
  [256, '256 bytes'],
  [1_024, '1 KiB'],
]);

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [inBursts, oneByOne].flatMap((make) =>
  SIZES.map(
    ([messageBytes, size]) =>
      () =>
        make(messageBytes, size),
  ),
);
