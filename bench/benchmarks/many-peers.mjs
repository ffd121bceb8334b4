// Many peers at once: what an idle session holds, and one message to all.
import { startEnds } from '../lib/ends.mjs';
import { contestantOf, NODE_PEERS, osier, quinn, s2n } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Benchmark} Benchmark @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** Of the sessions; they come before the memory is first looked at. */
const WARM_UP_SHARE = 0.1;

/** @param {Entrant} entrant */
function memoryOf(entrant) {
  return contestantOf(entrant, async ({ cores, sessions }) => {
    const plan = { sessions, warmUpSessions: Math.ceil(sessions * WARM_UP_SHARE) };
    const { receiver, sender, settings, stop } = await startEnds(entrant, 'memory', plan, cores);
    const bytesHeld = async () => {
      receiver.send('measure');
      return (await receiver.next()).residentBytes;
    };
    try {
      await sender.next();
      const before = await bytesHeld();
      sender.send('open');
      await sender.next();
      const after = await bytesHeld();
      sender.send('prove');
      const { sessions: proved } = await sender.next();
      if (proved !== plan.sessions + plan.warmUpSessions) throw new Error(`${proved} sessions answered`);
      return { value: (after - before) / sessions / 1_024, settings, details: { megabytes: after / 1e6 } };
    } finally {
      await stop();
    }
  });
}

/** @param {Entrant} entrant */
function fanOutOf(entrant) {
  return contestantOf(entrant, async ({ cores, sessions, warmUpMs, measureMs }) => {
    const plan = { sessions, messageBytes: 1_024, warmUpMs, measureMs };
    const { receiver, sender, settings, stop } = await startEnds(entrant, 'fan-out', plan, cores);
    try {
      const connected = await sender.next();
      if (connected.sessions !== sessions) throw new Error(`${connected.sessions} peers connected`);
      const { p50Micros, p99Micros, cpuMicrosEach } = await receiver.next();
      return {
        value: p50Micros / 1e3,
        settings,
        details: { p99Millis: p99Micros / 1e3, messagesPerSecond: (sessions / p50Micros) * 1e6, cpuMicrosEach },
      };
    } finally {
      await stop();
    }
  });
}

/** @type {readonly Entrant[]} */
const NODE_ENTRANTS = ['udx', 'tcp', 'tls'].flatMap((name) => NODE_PEERS[name] ?? []);
const quinnPeer = () => ({ ...quinn('aes-256-gcm', 1440), id: 'quinn' });

/** @type {readonly (() => Benchmark)[]} */
export const benchmarks = [
  () => ({
    name: 'idle-memory',
    title: 'Memory of an idle session',
    about: [
      'What the listener holds more after 1,000 further sessions from as many endpoints than before, by session, its heap collected.',
      'Each session has one open stream that has carried 64 bytes both ways, and does so again after the measurement.',
    ],
    unit: 'KiB',
    better: 'lower',
    subject: 'osier-AES',
    details: { megabytes: 'the whole process, MB' },
    contestants: [osier('aes-256-gcm'), quinnPeer(), s2n(), ...['libp2p', 'iroh'].flatMap((name) => NODE_PEERS[name] ?? []), ...NODE_ENTRANTS].map(
      memoryOf,
    ),
    bars: [],
  }),
  () => ({
    name: 'fan-out',
    title: 'Fan-out of 1 KiB to 1,000 peers',
    about: [
      'One node sends 1 KiB to each of 1,000 peers, which are in one other process and compare it, and waits for an answer of 4 bytes from every one.',
      'The value is the median time from the first write to the last answer.',
    ],
    unit: 'ms',
    better: 'lower',
    subject: 'osier-AES',
    details: { p99Millis: 'p99, ms', messagesPerSecond: 'messages a second', cpuMicrosEach: 'CPU of the node, us a message' },
    contestants: [osier('aes-256-gcm'), quinnPeer(), ...NODE_ENTRANTS].map(fanOutOf),
    bars: [],
  }),
];
