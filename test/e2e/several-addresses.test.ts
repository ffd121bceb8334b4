import { expect, test } from 'vitest';
import { formatAddress, generateNetworkSecret, parseAddress } from '../../src/index.js';
import { describeOnLink } from './support/environments.js';
import { Party } from './support/party.js';

/** For documentation (RFC 5737, RFC 3849). Unless it is told otherwise the kernel answers from one of each pair, always. */
const IPV4 = { addresses: ['198.51.100.1', '198.51.100.2'], far: '198.51.100.9', prefix: 24 } as const;
const IPV6 = { addresses: ['2001:db8::1', '2001:db8::2'], far: '2001:db8::9', prefix: 64 } as const;
const ANY_IPV4 = '0.0.0.0';
const ANY = '[::]';

describeOnLink('a machine with two addresses on one interface, between network namespaces', (link) => {
  const [one, other] = link.places;

  test.each([
    ['IPv4', ANY_IPV4, IPV4, 0],
    ['IPv4', ANY_IPV4, IPV4, 1],
    ['IPv4 on a socket of both families', ANY, IPV4, 1],
    ['IPv6', ANY, IPV6, 0],
    ['IPv6', ANY, IPV6, 1],
  ] as const)('answers over %s, bound to %s, from the address that it was called at', async (_family, bound, { addresses, far, prefix }, called) => {
    const add = (place: typeof one, address: string) =>
      link.ip(place, 'address', 'add', `${address}/${prefix}`, 'dev', 'veth', ...(address.includes(':') ? ['nodad'] : []));
    for (const address of addresses) add(one, address);
    add(other, far);
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const server = new Party(one, 'moving.mjs');
    const announced = await server.ask<string>('listen', { host: bound, secret });
    const client = new Party(other, 'moving.mjs');
    const target = addresses[called];
    await client.ask('begin', { host: bound, secret, address: atHost(announced, target) });
    await server.ask('passes', 2 ** 22);
    expect(await client.ask('pathHost')).toBe(target);
    await client.ask('stop');
    expect(await client.ask('pathHost')).toBe(target);
  });
});

/** The announced node and port at another host. */
function atHost(announced: string, host: string): string {
  const { id, hosts } = parseAddress(announced);
  return formatAddress({ id, hosts: [{ host, port: hosts[0]?.port ?? 0 }] });
}
