// Bulk from many connections to one node with some number of shards.
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../lib/ends.mjs';
import { linked, PinnedProcess } from '../lib/pinned-process.mjs';

const RECEIVER = fileURLToPath(new URL('../workers/shards-receiver.mjs', import.meta.url));
/** How often, and after which pause, the receiver is asked whether it has read all that the senders know to be there. */
const ATTEMPTS = 40;
const PAUSE_MS = 50;

/** @typedef {{ shards: number, connections: number, nodeCores: readonly number[], clientCores: readonly number[], cipher: string, warmUpMs: number, measureMs: number }} ShardWork */

/** @param {ShardWork} work */
export async function measureShards({ shards, connections, nodeCores, clientCores, cipher, warmUpMs, measureMs }) {
  const receiver = new PinnedProcess({ core: nodeCores }, process.execPath, [RECEIVER, JSON.stringify({ shards, cipher, warmUpMs, measureMs })]);
  /** @type {PinnedProcess[]} */
  const senders = [];
  try {
    const { address, running, reasons } = await receiver.next();
    if (running !== shards) throw new Error(`${running} of ${shards} shards run: ${reasons.join(' ')}`);
    const client = { id: 'osier', label: 'Osier', by: { module: 'osier', options: { cipher } } };
    clientCores.forEach((core, index) => {
      const share = Math.floor((connections + index) / clientCores.length);
      senders.push(startProcess(core, client, 'shards-sender', { connections: share }, [address]));
    });
    linked([receiver, ...senders]);
    const connected = await Promise.all(senders.map((sender) => sender.next()));
    if (sum(connected.map((report) => report.connections)) !== connections) throw new Error('not every connection came about');
    receiver.send('measure');
    const { bytes, micros, cpuMicros } = await receiver.next();
    for (const sender of senders) sender.send('stop');
    const sent = sum((await Promise.all(senders.map((sender) => sender.next()))).map((report) => report.bytes));
    await compareTotals(receiver, sent);
    return {
      gbitPerSecond: (sum(bytes) * 8) / micros / 1_000,
      cpuSecondsPerGigabyte: (cpuMicros / sum(bytes)) * 1e3,
      busiestShare: Math.max(...bytes) / sum(bytes),
    };
  } finally {
    await Promise.all([receiver, ...senders].map((process) => process.stop()));
  }
}

/** @param {PinnedProcess} receiver @param {number} sent */
async function compareTotals(receiver, sent) {
  for (let attempt = 1; ; attempt++) {
    receiver.send('total');
    const { bytes, faults } = await receiver.next();
    if (faults > 0) throw new Error(`${faults} streams did not bring what was sent`);
    if (sum(bytes) === sent) return;
    if (attempt === ATTEMPTS) throw new Error(`${sent} bytes were sent and ${sum(bytes)} arrived`);
    await setTimeout(PAUSE_MS);
  }
}

/** @param {readonly number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
