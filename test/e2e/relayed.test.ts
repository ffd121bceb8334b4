import { describe, expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { LOOPBACK } from './support/environments.js';
import { Party } from './support/party.js';

interface Started {
  readonly id: string;
  readonly address: string;
}

interface Carried {
  readonly byteCount: number;
  readonly digest: string;
}

const secret = Buffer.from(generateNetworkSecret()).toString('hex');
const BOTH_FAMILIES = ['udp://127.0.0.1:0', 'udp://[::1]:0'];

async function start(options: object): Promise<Started & { readonly party: Party }> {
  const party = new Party(LOOPBACK, 'relayed.mjs');
  return { party, ...(await party.ask<Started>('start', { secret, ...options })) };
}

describe('a relay that is killed in the middle of a transfer', () => {
  test('costs no byte and no error: the file goes on through the other one', async () => {
    const relays = [await start({ listen: BOTH_FAMILIES, relay: {} }), await start({ listen: BOTH_FAMILIES, relay: {} })];
    const peers = relays.map(({ address }) => address);
    const near = await start({ listen: 'udp://127.0.0.1:0', peers });
    const far = await start({ listen: 'udp://[::1]:0', peers });
    const through = await near.party.ask<string>('send', { id: far.id, durationMs: 3_000 });
    const dying = relays.find(({ id }) => id === through);
    expect(dying).toBeDefined();
    await dying?.party.kill();
    const sent = await near.party.ask<Carried>('sent');
    expect(await far.party.ask<Carried>('received')).toEqual(sent);
    expect(sent.byteCount).toBeGreaterThan(1_000_000);
    const other = relays.find((relay) => relay !== dying)?.id;
    const changes = await near.party.ask<{ cause: { kind: string }; nextHop: string }[]>('changes');
    expect(changes.at(-1)?.nextHop).toBe(other);
    expect(changes.map(({ cause }) => cause.kind)).toContain('failover');
  });
});
