import { expect, test } from 'vitest';
import type { MeshNode, MessageStream, StreamStats } from '../../src/index.js';
import type { SimHost } from '../../src/testing/index.js';
import { patternBytes } from '../scenario/support/nodes.js';
import { simulate } from './support/programs.js';

const PEERS = 100;
const MINUTES = 10;
const PERIOD_MS = 3_000;
const LIFETIME_MS = 60;
/** What a node waits for a silent peer, by default. */
const PEER_LOST_MS = 30_000;
/** These are killed half a minute before the end. */
const KILLED = 5;
const MESSAGE = patternBytes(1_024);

/** Sends a message every few seconds until `untilMs`, then ends the stream; one whose peer or node dies stops where it is. */
async function sendUntil(node: MeshNode, stream: MessageStream, untilMs: number): Promise<void> {
  try {
    while (node.clock.nowMs() < untilMs) {
      await stream.send(MESSAGE);
      await node.clock.sleep(PERIOD_MS);
    }
    await stream.end();
  } catch {
    // Its counters say what became of its messages.
  }
}

async function readToTheEnd(stream: MessageStream): Promise<void> {
  try {
    for await (const message of stream) expect(message.length).toBe(MESSAGE.length);
  } catch {
    // As above.
  }
}

const settledOf = (stats: StreamStats): bigint => stats.messagesDelivered + stats.messagesExpired + stats.messagesUnknown;

test('messages of 100 peers in and out of one node for ten minutes are delivered, expired or unknown, and its memory stays flat', async () => {
  const network = simulate({ seed: 'fan', link: { delayMs: 20, lossRate: 0.03 } });
  await network.run(async () => {
    const hub = await network.host('hub').start();
    const untilMs = network.clock.nowMs() + MINUTES * 60_000;
    const streams: MessageStream[] = [];
    hub.handle('fan', { kind: 'messages', ordered: false, lifetimeMs: LIFETIME_MS }, async (stream) => {
      streams.push(stream);
      await Promise.all([sendUntil(hub, stream, untilMs), readToTheEnd(stream)]);
    });
    const hosts: SimHost[] = [];
    const ends: Promise<void>[] = [];
    for (let number = 0; number < PEERS; number++) {
      const host = network.host(`peer ${number}`);
      const node = await host.start();
      const peer = await node.connect(hub.address);
      const stream = await peer.openStream('fan', { kind: 'messages', ordered: false, lifetimeMs: LIFETIME_MS });
      hosts.push(host);
      streams.push(stream);
      ends.push(Promise.all([sendUntil(node, stream, untilMs), readToTheEnd(stream)]).then(() => {}));
    }
    const memory: number[] = [];
    for (let minute = 1; minute < MINUTES; minute++) {
      await network.clock.sleep(60_000);
      memory.push(hub.stats().memoryBytes);
    }
    await network.clock.sleep(30_000);
    for (const host of hosts.slice(0, KILLED)) host.crash();
    await Promise.all(ends);
    await Promise.all(streams.map((stream) => stream.closed));

    const all = streams.map((stream) => stream.stats());
    const total = (count: (stats: StreamStats) => bigint): bigint => all.reduce((sum, stats) => sum + count(stats), 0n);
    expect(streams).toHaveLength(2 * PEERS);
    for (const stats of all) expect(settledOf(stats)).toBe(stats.messagesSent);
    expect(total((stats) => stats.messagesSent)).toBeGreaterThan(BigInt(2 * PEERS * MINUTES * 19));
    for (const count of ['messagesDelivered', 'messagesExpired', 'messagesUnknown'] as const)
      expect(total((stats) => stats[count])).toBeGreaterThan(0n);
    // Only what went to and from those that were killed ends without word.
    expect(total((stats) => stats.messagesUnknown)).toBeLessThan(BigInt(KILLED * (PEER_LOST_MS / PERIOD_MS + 3)));
    // It differs from minute to minute with the windows that are open, and does not grow.
    expect(Math.max(...memory.slice(-3))).toBeLessThanOrEqual(1.1 * Math.max(...memory.slice(0, 3)));
  });
});
