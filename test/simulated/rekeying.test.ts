import { describe, expect, test } from 'vitest';
import type { MeshNode } from '../../src/index.js';
import { underneath } from '../../src/testing/sim-network.js';
import { deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { type Carried, longestGapMs, readAll, writeUntil } from './support/bulk.js';
import { serveEcho, simulate } from './support/programs.js';

const ROUND_TRIP_MS = 40;
const BULK_MS = 60_000;
/** How often a message asks whether anything still comes. */
const PULSE_MS = 5;
const MESSAGE = patternBytes(64);
/** A session in which nobody asks for new keys. */
const NEVER_MS = 3_600_000;

/**
 * Sends unordered messages until `untilMs` and resolves with the times at which the handler read one. A byte that the network loses four times holds
 * its stream up for that long, with or without new keys; messages wait for nobody.
 */
async function messageArrivals(from: MeshNode, to: MeshNode, untilMs: number): Promise<readonly number[]> {
  const read = deferred<readonly number[]>();
  to.handle('pulse', { kind: 'messages' }, async (stream) => {
    const arrivalsMs: number[] = [];
    for await (const _batch of stream.batches()) arrivalsMs.push(to.clock.nowMs());
    read.resolve(arrivalsMs);
  });
  const peer = from.peers.get(to.id);
  if (peer === undefined) throw new Error('not connected');
  const stream = await peer.openStream('pulse', { kind: 'messages', ordered: false, priority: 2 });
  while (from.clock.nowMs() < untilMs) {
    await stream.send(MESSAGE);
    await from.clock.sleep(PULSE_MS);
  }
  await stream.end();
  return read.promise;
}

test.each([
  ['by the end that began', 1_000, NEVER_MS],
  ['by the end that answered', NEVER_MS, 1_000],
  ['by both ends at once', 1_000, 1_000],
])('new keys every second for a minute of bulk and loss lose and repeat no byte and stall nobody: %s', async (_who, initiatorMs, responderMs) => {
  const network = simulate({ seed: 'rekeying', link: { delayMs: ROUND_TRIP_MS / 2, lossRate: 0.05 } });
  await network.run(async () => {
    const hosts = [network.host('server'), network.host('client')] as const;
    for (const host of hosts) underneath(network).machineOf(host).rekeyIntervals = { initiatorMs, responderMs };
    const [server, client] = [await hosts[0].start(), await hosts[1].start()];
    const untilMs = network.clock.nowMs() + BULK_MS;
    const there = deferred<readonly [Carried, Carried]>();
    server.handle('bulk', async (stream) => {
      there.resolve(await Promise.all([writeUntil(stream, server.clock, untilMs), readAll(stream)]));
    });
    const peer = await client.connect(server.address);
    const states: string[] = [];
    peer.on('state', ({ status }) => states.push(status));
    const stream = await peer.openStream('bulk');
    const carried = Promise.all([writeUntil(stream, client.clock, untilMs), readAll(stream)]);
    await client.clock.sleep(ROUND_TRIP_MS * 5);
    const arrivals = await Promise.all([messageArrivals(client, server, untilMs), messageArrivals(server, client, untilMs)]);
    const [sent, received] = await carried;
    const [sentBack, receivedThere] = await there.promise;

    expect(receivedThere).toEqual(sent);
    expect(received).toEqual(sentBack);
    for (const arrivalsMs of arrivals) {
      expect(arrivalsMs.length).toBeGreaterThan(1_000);
      expect(longestGapMs(arrivalsMs)).toBeLessThan(4 * ROUND_TRIP_MS);
    }
    expect(client.stats().handshakesCompleted).toBeGreaterThan(50n);
    expect(states).toEqual([]);
  });
});

describe.each([0, 1, 2, 3, 4, 5])('on a round trip of a second, three times as long as the pause between new keys, from seed %s', (seed) => {
  test.each([
    ['that stays', false],
    ['that moves', true],
  ])('a peer %s is never out of reach for longer than its move takes', async (_who, moves) => {
    const network = simulate({ seed: `late answers ${seed}`, link: { delayMs: 400, jitterMs: 200 } });
    await network.run(async () => {
      const [serverHost, clientHost] = [network.host('server'), network.host('client', { nat: 'cone' })];
      underneath(network).machineOf(clientHost).rekeyIntervals = { initiatorMs: 300, responderMs: NEVER_MS };
      const [server, client] = [await serverHost.start(), await clientHost.start()];
      serveEcho(server);
      const peer = await client.connect(server.address);
      const states: string[] = [];
      peer.on('state', ({ status }) => states.push(status));
      const stream = await peer.openStream('echo');
      const bytes = patternBytes(20_000);
      for (let round = 0; round < 20; round++) {
        if (moves && round === 5) clientHost.renumber();
        const beforeMs = network.clock.nowMs();
        const received = new Uint8Array(bytes.length);
        await stream.write(bytes);
        for (let at = 0; at < received.length; ) at += await stream.read(received.subarray(at));
        expect(sameBytes(received, bytes)).toBe(true);
        expect(network.clock.nowMs() - beforeMs).toBeLessThan(moves && round === 5 ? 8_000 : 4_000);
        await network.clock.sleep(100);
      }
      expect(states).toEqual([]);
      expect(client.stats().handshakesCompleted).toBeGreaterThan(5n);
    });
  });
});
