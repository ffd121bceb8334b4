import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { generateNetworkSecret, parseAddress } from '../../src/index.js';
import { describeInEnvironments } from './support/environments.js';
import { Party } from './support/party.js';

/** Both processes share a few busy cores with whatever else runs: what the machine may take on top of the promised 3 RTT + 1 s. */
const MACHINE_NOISE_MS = 250;

interface Listening {
  readonly address: string;
  readonly sinceMs: number;
}

interface OpenedAgain {
  readonly code: string;
  readonly rttMs: number;
  readonly endedMs: number;
  readonly openMs: number;
  readonly sameInstance: boolean;
}

describeInEnvironments('a peer that was killed and started again', ({ places: [one, other] }) => {
  /** A client that holds a stream to a server; `restart` kills that with SIGKILL, and starts it again on its port. */
  async function startHeld(options: { readonly peerLostAfterMs?: number } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'osier-restart-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const listen = async (port: number) => {
      const server = new Party(one, 'restart.mjs');
      const listening = await server.ask<Listening>('listen', { host: one.host, port, secret, keyFile: join(folder, 'node.key') });
      return { server, ...listening };
    };
    const { server, address } = await listen(0);
    const client = new Party(other, 'restart.mjs');
    await client.ask('hold', { host: other.host, secret, address, ...options });
    const restart = async (): Promise<Listening> => {
      await server.kill();
      return listen(parseAddress(address).hosts[0]?.port ?? 0);
    };
    return { client, server, restart };
  }

  function expectInTime({ code, rttMs, openMs, sameInstance }: OpenedAgain, fromMs: number): void {
    expect(code).toBe('ERR_OSIER_PEER_RESTARTED');
    expect(sameInstance).toBe(false);
    expect(openMs - fromMs).toBeLessThan(3 * rttMs + 1_000 + MACHINE_NOISE_MS);
  }

  test('ends a quiet stream with PEER_RESTARTED at its next use, and takes a new one', async () => {
    const { client, restart } = await startHeld();
    const { sinceMs } = await restart();
    const opened = client.ask<OpenedAgain>('openAgain');
    await client.ask('use');
    expectInTime(await opened, sinceMs);
  });

  test('and does not come back ends a stream by its time alone, whatever the network says', async () => {
    const peerLostAfterMs = 3_000;
    const { client, server } = await startHeld({ peerLostAfterMs });
    await server.kill();
    const { code, silentMs } = await client.ask<{ code: string; silentMs: number }>('useUntilLost');
    expect(code).toBe('ERR_OSIER_PEER_LOST');
    expect(silentMs).toBeGreaterThanOrEqual(peerLostAfterMs);
  });

  test('ends a stream in mid-traffic with PEER_RESTARTED by itself, and takes a new one', async () => {
    const { client, restart } = await startHeld();
    await client.ask('pump');
    const opened = client.ask<OpenedAgain>('openAgain');
    const { sinceMs } = await restart();
    expectInTime(await opened, sinceMs);
  });
});
