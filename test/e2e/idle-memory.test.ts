import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { LOOPBACK } from './support/environments.js';
import { Party } from './support/party.js';

/** Enough for pools, caches and the compiler to come to rest. */
const WARM_UP_SESSIONS = 200;
const MEASURED_SESSIONS = 1_000;
/** What one end holds for an idle peer, JavaScript's objects included: 10,000 of them, the default limit, are then 320 MiB at most. */
const SESSION_BYTES_MAX = 32 * 2 ** 10;

test.each(['answered', 'opened'] as const)(`${MEASURED_SESSIONS} idle sessions that a node has %s cost it kilobytes each`, async (how) => {
  const secret = Buffer.from(generateNetworkSecret()).toString('hex');
  const request = { host: LOOPBACK.host, secret };
  const one = new Party(LOOPBACK, 'idle.mjs');
  const [address = ''] = await one.ask<string[]>('create', { ...request, count: 1 });
  /** Rises by `count` sessions with nodes of another process; returns what the one node's process holds then. */
  const rise = async (count: number, total: number): Promise<number> => {
    const many = new Party(LOOPBACK, 'idle.mjs');
    const addresses = await many.ask<string[]>('create', { ...request, count });
    await (how === 'answered' ? many.ask('connect', [address]) : one.ask('connect', addresses));
    await one.ask('connected', total);
    return (await one.ask<{ rssBytes: number }>('held')).rssBytes;
  };
  const before = await rise(WARM_UP_SESSIONS, WARM_UP_SESSIONS);
  const after = await rise(MEASURED_SESSIONS, WARM_UP_SESSIONS + MEASURED_SESSIONS);
  const bytes = (after - before) / MEASURED_SESSIONS;
  console.info(`${(bytes / 1024).toFixed(1)} KiB for an idle session that was ${how}`);
  expect(bytes).toBeLessThan(SESSION_BYTES_MAX);
});
