import { beforeEach, expect, test } from 'vitest';
import { formatAddress, generateNetworkSecret, parseAddress } from '../../src/index.js';
import { describeOnLink } from './support/environments.js';
import { Party } from './support/party.js';

const ZONE = 'veth';
/** A link that leads nowhere, where either end has the same addresses. */
const OTHER_ZONE = 'other';
const CALLED = 'fe80::1';
const CALLING = 'fe80::2';
const ANY = '::';
const BYTES_EACH_WAY = 2 ** 22;

const zoned = (address: string): string => `${address}%${ZONE}`;

describeOnLink('link-local addresses with a zone, between network namespaces', ({ ip, places: [one, other] }) => {
  beforeEach(() => {
    ip(null, 'link', 'add', OTHER_ZONE, 'type', 'veth', 'peer', 'name', `${OTHER_ZONE}-end`);
    for (const device of [OTHER_ZONE, `${OTHER_ZONE}-end`]) ip(null, 'link', 'set', device, 'up');
    for (const device of [ZONE, OTHER_ZONE]) {
      // Without duplicate address detection, so that they can be bound at once.
      ip(one, 'address', 'add', `${CALLED}/64`, 'dev', device, 'nodad');
      ip(other, 'address', 'add', `${CALLING}/64`, 'dev', device, 'nodad');
    }
  });

  test.each([
    ['native', 'bound to them', zoned(CALLED), zoned(CALLING), /^fe80::2%[0-9]+$/],
    ['native', 'bound to all addresses', ANY, ANY, /^fe80::2%[0-9]+$/],
    ['dgram', 'bound to them', zoned(CALLED), zoned(CALLING), /^fe80::2%veth$/],
    ['dgram', 'bound to all addresses', ANY, ANY, /^::$/],
  ])(
    'carry streams both ways with the driver %s, %s, also where another link has the same addresses',
    async (driver, _how, listening, calling, local) => {
      const secret = Buffer.from(generateNetworkSecret()).toString('hex');
      const env = { OSIER_DRIVER: driver };
      const server = new Party(one, 'transfer.mjs', env);
      const { id, hosts } = parseAddress(await server.ask('listen', { host: `[${listening}]`, secret }));
      const address = formatAddress({ id, hosts: [{ host: zoned(CALLED), port: hosts[0]?.port ?? 0 }] });
      const client = new Party(other, 'transfer.mjs', env);
      await client.ask('connect', { host: `[${calling}]`, secret, address });
      await client.ask('transfer', { streams: 2, byteCount: BYTES_EACH_WAY, back: BYTES_EACH_WAY });
      expect(await client.ask('path')).toMatchObject({
        local: { host: expect.stringMatching(local) },
        remote: { host: expect.stringMatching(/^fe80::1%[0-9]+$/) },
      });
    },
  );
});
