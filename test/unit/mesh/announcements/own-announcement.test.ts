import { expect, test } from 'vitest';
import type { HostAndPort } from '../../../../src/identity/index.js';
import { isAnnouncementSigned, type SignedAnnouncement } from '../../../../src/mesh/announcements/announcement.js';
import { OwnAnnouncement } from '../../../../src/mesh/announcements/own-announcement.js';
import { ManualRuntime } from '../../support/manual-runtime.js';
import { identity } from './support.js';

function begun(lifetimeSeconds?: number) {
  const runtime = new ManualRuntime();
  const signed: SignedAnnouncement[] = [];
  const state = { hosts: [{ host: '192.0.2.1', port: 1 }] as HostAndPort[] };
  const facts = { identity: identity(1), instance: 'ab'.repeat(16), isRelay: true, extensions: [], hosts: () => state.hosts };
  const own = new OwnAnnouncement(runtime, lifetimeSeconds === undefined ? facts : { ...facts, lifetimeSeconds }, (one) => signed.push(one));
  own.begin();
  const moveTo = (port: number): void => {
    state.hosts = [{ host: '192.0.2.1', port }];
    own.onAddresses();
  };
  return { runtime, signed, own, moveTo };
}

test('the first announcement has the wall clock as its sequence, so that it is newer than those of runs before, and counts ten minutes', () => {
  const { signed } = begun();
  expect(signed[0]?.announcement).toEqual({
    id: identity(1).id,
    instance: 'ab'.repeat(16),
    sequence: 1_700_000_000_000,
    lifetimeSeconds: 600,
    isRelay: true,
    hosts: [{ host: '192.0.2.1', port: 1 }],
    extensions: [],
  });
  expect(signed[0] !== undefined && isAnnouncementSigned(signed[0])).toBe(true);
});

test('it is renewed each half lifetime, more or less, each time with a larger sequence', async () => {
  const { runtime, signed } = begun(100);
  await runtime.advance(45_000);
  expect(signed).toHaveLength(1);
  await runtime.advance(10_000);
  expect(signed).toHaveLength(2);
  await runtime.advance(55_000 * 3);
  expect(signed.map(({ announcement }) => announcement.sequence - 1_700_000_000_000)).toEqual(signed.map((_, at) => at));
  expect(signed.length).toBeGreaterThanOrEqual(5);
});

test('it is signed anew at once when the addresses change, then no sooner than two seconds later, and not when they stay', async () => {
  const { runtime, signed, own, moveTo } = begun();
  await runtime.advance(5_000);
  own.onAddresses();
  expect(signed).toHaveLength(1);
  moveTo(2);
  expect(signed).toHaveLength(2);
  for (let port = 3; port < 9; port++) moveTo(port);
  await runtime.advance(1_999);
  expect(signed).toHaveLength(2);
  await runtime.advance(1);
  expect(signed.at(-1)?.announcement.hosts).toEqual([{ host: '192.0.2.1', port: 8 }]);
  expect(signed).toHaveLength(3);
});

test('a node that hears of itself with a higher sequence jumps above it, at most once in two seconds', async () => {
  const { runtime, signed, own } = begun();
  await runtime.advance(2_000);
  own.onOwnHeard(1_800_000_000_000);
  expect(signed.at(-1)?.announcement.sequence).toBe(1_800_000_000_001);
  own.onOwnHeard(1_900_000_000_000);
  own.onOwnHeard(1_850_000_000_000);
  expect(signed).toHaveLength(2);
  await runtime.advance(2_000);
  expect(signed.at(-1)?.announcement.sequence).toBe(1_900_000_000_001);
  expect(signed).toHaveLength(3);
});

test('who asks for a newer sequence is answered at once, ten times a second at the most, and nobody can make it jump', async () => {
  const { runtime, signed, own } = begun();
  await runtime.advance(1_000);
  const [first = 0] = signed.map(({ announcement }) => announcement.sequence);
  expect(own.answer(first)).toBe(true);
  expect(signed).toHaveLength(1);
  expect(own.answer(first + 1)).toBe(true);
  expect(own.answer(first + 2)).toBe(false);
  await runtime.advance(100);
  expect(own.answer(first + 2)).toBe(true);
  await runtime.advance(100);
  expect(own.answer(first + 1_000)).toBe(false);
  expect(signed.map(({ announcement }) => announcement.sequence - first)).toEqual([0, 1, 2]);
});

test('after its close it signs no more and leaves no timer', async () => {
  const { runtime, signed, own, moveTo } = begun();
  own.close();
  moveTo(9);
  own.onOwnHeard(1_800_000_000_000);
  await runtime.advance(600_000);
  expect(signed).toHaveLength(1);
  expect(runtime.pendingTimers).toBe(0);
});
