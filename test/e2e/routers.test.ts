import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import type { Place } from './support/environments.js';
import { Party } from './support/party.js';
import { describeOnInternet, HOST_PORT, type RouterKind } from './support/routers.js';

interface Node {
  readonly id: string;
  readonly address: string;
}

interface Meeting {
  readonly began: string;
  readonly ended: string;
  readonly outcome: string;
  readonly isWhole: boolean;
}

const KINDS = new Map<string, RouterKind>([
  ['full', 'full'],
  ['restricted', 'port-restricted'],
  ['restricted too', 'port-restricted'],
  ['symmetric', 'symmetric'],
  ['symmetric too', 'symmetric'],
]);
/** Pairs of hosts, and whether they can reach one another directly. */
const PAIRS: readonly (readonly [string, string, boolean])[] = [
  ['full', 'restricted', true],
  ['full', 'symmetric', true],
  ['restricted', 'restricted too', true],
  ['restricted', 'symmetric', false],
  ['symmetric', 'symmetric too', false],
];
const NAT = { full: 'endpoint-independent', 'port-restricted': 'endpoint-independent', symmetric: 'endpoint-dependent' } as const;

describeOnInternet('hosts behind routers that nftables makes', KINDS, ({ relays, hosts }) => {
  test('find the direct way where there is one, and go on through a relay otherwise; their streams never break', async () => {
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const start = async (place: Place, request: object): Promise<readonly [Party, Node]> => {
      const party = new Party(place, 'behind-router.mjs');
      return [party, await party.ask<Node>('start', { secret, listen: `udp://${place.host}:${HOST_PORT}`, ...request })];
    };
    const peers: string[] = [];
    for (const place of relays) peers.push((await start(place, { relay: {}, peers }))[1].address);
    const nodes = new Map(await Promise.all([...hosts].map(async ([name, place]) => [name, await start(place, { peers })] as const)));
    for (const [name, [party]] of nodes) expect([name, await party.ask('nat')]).toEqual([name, NAT[KINDS.get(name) ?? 'full']]);
    const met = await Promise.all(
      PAIRS.map(async ([one, other]) => {
        const [[here] = [], [, far] = []] = [nodes.get(one), nodes.get(other)];
        return { pair: [one, other], ...(await here?.ask<Meeting>('meet', far?.id)) };
      }),
    );
    for (const [pair, [one, other, isDirect]] of PAIRS.entries()) {
      expect(met[pair]).toMatchObject({ pair: [one, other], isWhole: true, ended: isDirect ? 'direct' : 'relayed' });
    }
    expect(met[4]?.outcome).toBe('endpoint-dependent-nat');
  });
});
