import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { describeOnLink, type Link, type Place } from './support/environments.js';
import { Party } from './support/party.js';

const MIB = 2 ** 20;
/** IPv4 and UDP headers. */
const HEADER_BYTES = 28;
/** What a search for the packet size may leave unused. */
const STEP_BYTES = 16;
/** Probes into nowhere that show that a sender has noticed: by then it has also given up its own address. */
const NOTICED_PACKETS = 4;

interface Info {
  readonly features: readonly string[];
  readonly reasons: readonly string[];
}

/** A transfer from the second place to the first that goes on until `finish`, which checks that nothing was lost or cut into fragments. */
async function startMoving({ places: [one, other] }: Link) {
  const secret = Buffer.from(generateNetworkSecret()).toString('hex');
  const server = new Party(one, 'moving.mjs');
  const address = await server.ask<string>('listen', { host: one.host, secret });
  const client = new Party(other, 'moving.mjs');
  await client.ask('begin', { host: other.host, secret, address });
  const passes = (byteCount: number) => server.ask('passes', byteCount);
  await passes(4 * MIB);
  return {
    client,
    passes,
    /** Resolves when full packets fill `linkBytes`. */
    async fills(linkBytes: number): Promise<void> {
      const largest = linkBytes - HEADER_BYTES;
      for (let mtuBytes = 0; mtuBytes <= largest - STEP_BYTES; mtuBytes = await client.ask<number>('mtuBytes')) await passes(MIB / 4);
      expect(await client.ask('mtuBytes')).toBeLessThanOrEqual(largest);
    },
    async finish(): Promise<void> {
      await passes(4 * MIB);
      const byteCount = await client.ask('stop');
      expect(await server.ask('checkedBytes')).toBe(byteCount);
      expect(await Promise.all([client, server].map((party) => party.ask('fragments')))).toEqual([0, 0]);
      const { features, reasons } = await client.ask<Info>('info');
      expect(reasons.filter((reason) => reason.startsWith('gso'))).toEqual([]);
      expect(features).toContain('gso');
    },
  };
}

const setMtu = ({ ip }: Link, bytes: number) => ip(null, 'link', 'set', 'veth', 'mtu', `${bytes}`);

describeOnLink('the size of packets, between network namespaces', (link) => {
  test.each([1_300, 1_500, 9_000])('becomes what a link of %d bytes carries, and nothing is cut into fragments', async (linkBytes) => {
    setMtu(link, linkBytes);
    const moving = await startMoving(link);
    await moving.fills(linkBytes);
    await moving.finish();
  });

  test('shrinks with a link under a live transfer, which goes on when that is widened again', async () => {
    const moving = await startMoving(link);
    await moving.fills(1_500);
    setMtu(link, 1_300);
    await moving.passes(4 * MIB);
    await moving.fills(1_300);
    setMtu(link, 1_500);
    await moving.finish();
  });

  test('shrinks where the far end of a link drops without a word what is too long', async () => {
    // A train in one piece would pass whatever the far end takes.
    link.ip(null, 'link', 'set', 'veth', 'gso_max_segs', '1');
    const moving = await startMoving(link);
    await moving.fills(1_500);
    link.ip(link.places[0], 'link', 'set', 'veth', 'mtu', '1300');
    await moving.passes(4 * MIB);
    await moving.finish();
  });

  test('may be large on a link that cuts trains in software', async () => {
    link.ip(null, 'link', 'set', 'veth', 'gso_max_size', '1500', 'gso_max_segs', '1');
    const moving = await startMoving(link);
    await moving.fills(1_500);
    await moving.finish();
  });
});

describeOnLink('a live transfer, between network namespaces', (link) => {
  const [server, client] = link.places;

  test.each([
    ['sender', client],
    ['receiver', server],
  ] as const)('goes on when the interface of the %s was down', async (_which, place: Place) => {
    const moving = await startMoving(link);
    link.ip(place, 'link', 'set', 'veth', 'down');
    await moving.client.ask('unanswered', NOTICED_PACKETS);
    link.ip(place, 'link', 'set', 'veth', 'up');
    await moving.finish();
  });

  test.each([
    ['sender', client],
    ['receiver', server],
  ] as const)('goes on when the address of the %s was gone', async (_which, place: Place) => {
    const moving = await startMoving(link);
    const address = [`${place.host}/30`, 'dev', 'veth'];
    link.ip(place, 'address', 'delete', ...address);
    await moving.client.ask('unanswered', NOTICED_PACKETS);
    link.ip(place, 'address', 'add', ...address);
    await moving.finish();
  });
});
