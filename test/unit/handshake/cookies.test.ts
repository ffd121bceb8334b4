import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Cookies, cookieKeyOf } from '../../../src/handshake/cookies.js';
import { type HandshakeParty, Initiator, JoinInitiator } from '../../../src/handshake/index.js';
import { nodeIdOf } from '../../../src/identity/index.js';
import { blake2b } from '../../../src/identity/sodium.js';
import { fateOf, localEnd, partyOf, TestClock } from './parties.js';

interface Vector {
  readonly networkKey: string;
  readonly responderId: string;
  readonly cookieKey: string;
  readonly cookie: string;
  readonly mac1: string;
  readonly nonce: string;
  readonly reply: string;
}

const { cookies: vectors } = JSON.parse(readFileSync(new URL('../../vectors/cookies.json', import.meta.url), 'utf8')) as { cookies: Vector[] };
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** A message 1 with a mac1 of the test's choice and room for mac2. */
function messageWith(mac1: Uint8Array): Uint8Array {
  const message = new Uint8Array(320).fill(7);
  message.set(mac1, 320 - 32);
  message.fill(0, 320 - 16);
  return message;
}

const mac2Under = (cookie: string, message: Uint8Array): Uint8Array => blake2b(16, [message.subarray(0, -16)], bytes(cookie));
const NO_MAC2 = new Uint8Array(16);

describe.each(vectors)('the vector of $responderId', (vector) => {
  let clock: TestClock;
  let cookies: Cookies;

  beforeEach(() => {
    clock = new TestClock();
    cookies = new Cookies(bytes(vector.cookieKey), () => clock.nowMs);
  });

  it('has the key of network secret and responder', () => {
    const responder = /^0*$/.test(vector.responderId) ? null : nodeIdOf(bytes(vector.responderId));
    expect(Buffer.from(cookieKeyOf(bytes(vector.networkKey), responder)).toString('hex')).toBe(vector.cookieKey);
  });

  it('is opened by who sent the message that it answers, and proves the next ones for 120 s', () => {
    const first = messageWith(bytes(vector.mac1));
    cookies.stamp(first);
    expect(first.subarray(-16)).toEqual(NO_MAC2);
    cookies.receive(bytes(vector.reply));
    const next = messageWith(new Uint8Array(16).fill(3));
    cookies.stamp(next);
    expect(next.subarray(-16)).toEqual(mac2Under(vector.cookie, next));
    clock.nowMs += 119_999;
    const late = messageWith(new Uint8Array(16).fill(4));
    cookies.stamp(late);
    expect(late.subarray(-16)).toEqual(mac2Under(vector.cookie, late));
    clock.nowMs += 1;
    const tooLate = messageWith(new Uint8Array(16).fill(5));
    cookies.stamp(tooLate);
    expect(tooLate.subarray(-16)).toEqual(NO_MAC2);
  });

  it('is nothing to who sent another message, or when a bit of it was changed', () => {
    cookies.stamp(messageWith(new Uint8Array(16)));
    expect(cookies.receive(bytes(vector.reply))).toMatchObject({ status: 'ignored', fault: { reason: 'unauthentic' } });
    cookies.stamp(messageWith(bytes(vector.mac1)));
    for (let offset = 8; offset < 64; offset++) {
      const forged = bytes(vector.reply);
      forged[offset] = (forged[offset] ?? 0) ^ 1;
      expect(cookies.receive(forged)).toMatchObject({ status: 'ignored', fault: { reason: 'unauthentic' } });
    }
    for (let length = 0; length < 64; length++) {
      expect(cookies.receive(bytes(vector.reply).slice(0, length))).toMatchObject({ status: 'ignored', fault: { reason: 'malformed' } });
    }
    expect(cookies.receive(bytes(vector.reply)).status).toBe('cookie');
  });

  it('has the newest message sent once more, proven, and none a second time', () => {
    const first = messageWith(bytes(vector.mac1));
    cookies.stamp(first);
    const outcome = cookies.receive(bytes(vector.reply));
    const again = outcome.status === 'cookie' ? outcome.again : null;
    expect(again?.subarray(0, -16)).toEqual(first.subarray(0, -16));
    expect(again?.subarray(-16)).toEqual(mac2Under(vector.cookie, first));
    for (let reply = 0; reply < 100; reply++) expect(cookies.receive(bytes(vector.reply))).toEqual({ status: 'cookie', again: null });
  });

  it('has no message sent again that was replaced by another', () => {
    cookies.stamp(messageWith(bytes(vector.mac1)));
    cookies.stamp(messageWith(new Uint8Array(16).fill(3)));
    expect(cookies.receive(bytes(vector.reply))).toEqual({ status: 'cookie', again: null });
  });

  it('still answers the third last message, and none before it', () => {
    cookies.stamp(messageWith(bytes(vector.mac1)));
    for (const fill of [1, 2]) cookies.stamp(messageWith(new Uint8Array(16).fill(fill)));
    cookies.receive(bytes(vector.reply));
    cookies.stamp(messageWith(new Uint8Array(16).fill(3)));
    expect(cookies.receive(bytes(vector.reply))).toMatchObject({ status: 'ignored', fault: { reason: 'unauthentic' } });
  });
});

describe('a caller', () => {
  let alice: HandshakeParty;
  let bob: HandshakeParty;

  beforeAll(async () => {
    alice = await partyOf();
    bob = await partyOf();
  });

  it.each(['by id', 'by address'])('passes over forged cookie replies and calls on: %s', (way) => {
    const call = { ...localEnd(1), peer: bob.id, verified: 'id' as const, replacesIndex: 0 };
    const initiator = way === 'by id' ? new Initiator(alice, call) : new JoinInitiator(alice, 1);
    initiator.nextMessage();
    const forged = new Uint8Array(64);
    forged[0] = 2;
    for (let round = 0; round < 100; round++) {
      forged[8] = round;
      const outcome = initiator.receive(forged);
      expect(outcome.status === 'ignored' && fateOf(outcome)).toBe('unauthentic');
    }
    expect(initiator.nextMessage().datagram.subarray(-16)).toEqual(NO_MAC2);
  });
});
