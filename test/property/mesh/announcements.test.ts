import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identityOfSeed } from '../../../src/identity/index.js';
import { decodeStatement, isStatementSigned } from '../../../src/identity/statement.js';
import { decodeAnnouncement, isAnnouncementSigned, type SignedAnnouncement, signAnnouncement } from '../../../src/mesh/announcements/announcement.js';

const identities = [1, 2, 3].map((seed) => identityOfSeed(new Uint8Array(32).fill(seed)));
const identity = fc.constantFrom(...identities);
const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constantFrom('::ffff:1.2.3.4', '::', '224.0.0.1', 'fe80::1%eth0', 'node'));
const content = fc.record({
  instance: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  lifetimeSeconds: fc.integer({ min: 10, max: 3_600 }),
  isRelay: fc.boolean(),
  hosts: fc.array(fc.record({ host: host.map((text) => text.toLowerCase()), port: fc.integer({ min: 1, max: 65_535 }) }), { maxLength: 40 }),
  extensions: fc.uniqueArray(fc.record({ type: fc.integer({ min: 0, max: 65_535 }), bytes: fc.uint8Array({ maxLength: 20 }) }), {
    selector: ({ type }) => type,
    maxLength: 32,
  }),
});

/** Runs the property; a failure prints its seed. */
const always = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>, numRuns: number): void => fc.assert(property, { numRuns });

test('what a node announces is read as it was meant, within its limits, whatever its addresses are', () => {
  always(
    fc.property(identity, content, (signer, announced) => {
      const { bytes } = signAnnouncement(signer, announced);
      const read = decodeAnnouncement(bytes);
      expect(bytes.length).toBeLessThanOrEqual(1_100);
      expect(read !== null && isAnnouncementSigned(read)).toBe(true);
      const { hosts, extensions, ...rest } = (read as SignedAnnouncement).announcement;
      const { hosts: given, extensions: extended, ...others } = announced;
      expect(rest).toEqual({ id: signer.id, ...others });
      expect(extensions).toEqual([...extended].sort((a, b) => a.type - b.type));
      expect(hosts.length).toBeLessThanOrEqual(Math.min(16, given.length));
    }),
    300,
  );
});

test('one meaning has one encoding: the order in which addresses and extensions are given changes nothing', () => {
  always(
    fc.property(identity, content, (signer, announced) => {
      // All of them fit.
      const hosts = announced.hosts.filter(({ host }) => host.length < 60).slice(0, 8);
      const few = { ...announced, hosts, extensions: announced.extensions.slice(0, 10) };
      const turned = { ...few, hosts: [...few.hosts].reverse(), extensions: [...few.extensions].reverse() };
      expect(Buffer.compare(signAnnouncement(signer, few).bytes, signAnnouncement(signer, turned).bytes)).toBe(0);
      const again = signAnnouncement(signer, few);
      expect(Buffer.compare(signAnnouncement(signer, again.announcement).bytes, again.bytes)).toBe(0);
    }),
    200,
  );
});

test('any bit flipped, any byte cut or added is refused', () => {
  always(
    fc.property(identity, content, fc.nat(), fc.constantFrom('flip', 'cut', 'add'), (signer, announced, at, change) => {
      const { bytes } = signAnnouncement(signer, announced);
      const changed = changedBy(bytes, at, change);
      const read = decodeAnnouncement(changed);
      expect(read === null || !isAnnouncementSigned(read)).toBe(true);
    }),
    1_000,
  );
});

test('any bit of a statement flipped, any byte cut or added is refused', () => {
  const all = [...identities.map((one) => one.revoke()), ...identities.slice(1).map((one) => one.succeedBy(identities[0]?.id ?? ''))];
  for (const bytes of all) {
    for (let at = 0; at < 8 * bytes.length; at++) {
      const changed = changedBy(bytes, at, 'flip');
      const read = decodeStatement(changed);
      expect(read === null || !isStatementSigned(read, changed)).toBe(true);
    }
    for (const length of [0, 1, bytes.length - 1]) expect(decodeStatement(bytes.subarray(0, length))).toBeNull();
    expect(decodeStatement(Uint8Array.from([...bytes, 0]))).toBeNull();
  }
});

test('whatever the bytes, reading them is one announcement or none', () => {
  always(
    fc.property(fc.uint8Array({ maxLength: 1_300 }), (bytes) => {
      const read = decodeAnnouncement(bytes);
      if (read !== null) expect(Buffer.compare(read.bytes, bytes)).toBe(0);
      decodeStatement(bytes);
    }),
    500,
  );
});

function changedBy(bytes: Uint8Array, at: number, change: string): Uint8Array {
  if (change === 'cut') return bytes.subarray(0, at % bytes.length);
  if (change === 'add') return Uint8Array.from([...bytes, at & 0xff]);
  const changed = Uint8Array.from(bytes);
  const bit = at % (8 * bytes.length);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}
