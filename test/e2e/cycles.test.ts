import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { generateNetworkSecret, parseAddress } from '../../src/index.js';
import { describeInEnvironments } from './support/environments.js';
import { Party } from './support/party.js';

/** Enough for pools, caches and the compiler to come to rest; nothing is measured before. */
const WARM_UP_CYCLES = 400;
/** `OSIER_CYCLES=10000` is the long form. */
const MEASURED_CYCLES = Number(process.env.OSIER_CYCLES ?? 1_600);
/**
 * Of 1,600 cycles 10 KiB each: less than one leaked association, far less than one leaked node. What the compiler and the allocator keep grows by steps of
 * some MiB, ever more rarely, for the first thousands of cycles: 6,000 take no more than 2,400 do.
 */
const GROWTH_MAX_BYTES = 16 * 2 ** 20;
/** Threads that read bursts of handshakes end after five seconds without any. */
const THREADS_END_MS = 20_000;
/** A node answers one identity 8 times a second; as many as this, each in its turn, are never made to wait. */
const LIVING_CLIENTS = 32;

interface Held {
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

describeInEnvironments('1,000 times connected and disconnected', ({ places: [one, other] }) => {
  function startParties() {
    const folder = mkdtempSync(join(tmpdir(), 'osier-cycles-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const server = new Party(one, 'cycles.mjs');
    const client = new Party(other, 'cycles.mjs');
    return {
      server,
      client,
      createServer: (port: number) => server.ask<string>('create', { host: one.host, port, secret, keyFiles: [join(folder, 'server.key')] }),
      createClients: (count: number) => {
        const keyFiles = Array.from({ length: count }, (_, index) => join(folder, `client-${index}.key`));
        return client.ask('create', { host: other.host, secret, keyFiles });
      },
    };
  }

  /**
   * Runs the cycles, and holds what each process has after them against what it had after the warm-up; both without the threads that read bursts of
   * handshakes, each of which is worth as much memory as may be left. There are none of these when it begins.
   */
  async function expectNothingLeft(parties: readonly Party[], run: (cycles: number) => Promise<void>): Promise<void> {
    const held = () => Promise.all(parties.map((party) => party.ask<Held>('held')));
    const calm = await held();
    const atRest = () =>
      vi.waitFor(
        async () => {
          const present = await held();
          present.forEach(({ threads }, index) => {
            expect(threads).toBeLessThanOrEqual(calm[index]?.threads ?? 0);
          });
          return present;
        },
        { timeout: THREADS_END_MS, interval: 100 },
      );
    await run(WARM_UP_CYCLES);
    const before = await atRest();
    await run(MEASURED_CYCLES);
    const after = await atRest();
    expect(after.map(({ descriptors }) => descriptors)).toEqual(before.map(({ descriptors }) => descriptors));
    after.forEach(({ rssBytes }, index) => {
      expect(rssBytes - (before[index]?.rssBytes ?? 0)).toBeLessThan(GROWTH_MAX_BYTES);
    });
  }

  test('a peer leaves nothing in two nodes that live on', async () => {
    const { server, client, createServer, createClients } = startParties();
    const address = await createServer(0);
    await createClients(LIVING_CLIENTS);
    await expectNothingLeft([server, client], (count) => client.ask('connect', { address, count }));
  });

  test('nodes that are made and closed leave nothing in their processes, and their port is free for the next', async () => {
    const { server, client, createServer, createClients } = startParties();
    let port = 0;
    const run = async (cycles: number) => {
      for (let cycle = 0; cycle < cycles; cycle++) {
        const [address] = await Promise.all([createServer(port), createClients(1)]);
        port = parseAddress(address).hosts[0]?.port ?? 0;
        await client.ask('connect', { address, count: 1 });
        expect(await Promise.all([client.ask('close'), server.ask('close')])).toEqual([['drained'], ['drained']]);
      }
    };
    // A first node makes the process begin the threads that it keeps.
    await run(1);
    await expectNothingLeft([server, client], run);
  });
});
