import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { LOOPBACK } from './support/environments.js';
import { Party } from './support/party.js';

const PEERS = 100;
/** `OSIER_FAN_MINUTES=10` is the long form. */
const MEASURED_MS = Number(process.env.OSIER_FAN_MINUTES ?? 0.25) * 60_000;
/** Enough for buffers, caches and the compiler to come to rest; nothing is measured before. */
const WARM_UP_MS = 10_000;
/** As for cycles: what the allocator keeps varies by some MiB. The messages of ten minutes are 5 GB. */
const GROWTH_MAX_BYTES = 8 * 2 ** 20;

interface Held {
  readonly rssBytes: number;
}

interface Total {
  readonly streams: number;
  readonly sent: number;
  readonly delivered: number;
  readonly expired: number;
  readonly unknown: number;
  readonly received: number;
}

test('messages of 1 KiB of 100 peers in and out of one node leave nothing in its process, and each has one fate', {
  timeout: MEASURED_MS + 120_000,
}, async () => {
  const secret = Buffer.from(generateNetworkSecret()).toString('hex');
  const [hub, peers] = [new Party(LOOPBACK, 'fan.mjs'), new Party(LOOPBACK, 'fan.mjs')];
  const address = await hub.ask<string>('createHub', { host: LOOPBACK.host, secret });
  await peers.ask('createPeers', { address, count: PEERS, host: LOOPBACK.host, secret });
  await sleep(WARM_UP_MS);
  const before = await hub.ask<Held>('held');
  await sleep(MEASURED_MS);
  const after = await hub.ask<Held>('held');
  expect(after.rssBytes - before.rssBytes).toBeLessThan(GROWTH_MAX_BYTES);

  const [ofHub, ofPeers] = await Promise.all([hub.ask<Total>('finish'), peers.ask<Total>('finish')]);
  for (const { streams, sent, delivered, expired, unknown } of [ofHub, ofPeers]) {
    expect(streams).toBe(PEERS);
    expect(sent).toBeGreaterThan(PEERS * (MEASURED_MS / 1_000));
    expect(delivered + expired + unknown).toBe(sent);
    expect(unknown).toBe(0);
  }
  // Delivered is what the application was given, or may still be given: all of it was read.
  expect([ofHub.received, ofPeers.received]).toEqual([ofPeers.delivered, ofHub.delivered]);
});
