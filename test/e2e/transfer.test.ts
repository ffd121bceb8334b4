import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { describeInEnvironments } from './support/environments.js';
import { Party } from './support/party.js';

const MIB = 2 ** 20;

describeInEnvironments('between two processes', ({ places: [one, other] }) => {
  async function startConnected(): Promise<{ server: Party; client: Party }> {
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const server = new Party(one, 'transfer.mjs');
    const address = await server.ask<string>('listen', { host: one.host, secret });
    const client = new Party(other, 'transfer.mjs');
    expect(await client.ask('connect', { host: other.host, secret, address })).toBe(one.host);
    return { server, client };
  }

  test('1 GiB on one stream arrives, every byte in its place', async () => {
    const { client } = await startConnected();
    await client.ask('transfer', { streams: 1, byteCount: 1_024 * MIB, back: 0 });
  });

  test('100 streams at once carry 4 MiB each, both ways, every byte in its place', async () => {
    const { server, client } = await startConnected();
    await client.ask('transfer', { streams: 100, byteCount: 4 * MIB, back: 4 * MIB });
    expect(await server.ask('streamsAtOnce')).toBe(100);
  });
});
