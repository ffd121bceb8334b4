import { beforeAll, describe, expect, test } from 'vitest';
import { type FirstMessage, type OpenedMessage, openHere, solve } from '../../../src/handshake/first-message.js';
import { HandshakeFault, type HandshakeParty, JoinInitiator, JoinResponder } from '../../../src/handshake/index.js';
import { ikInitiator, type NoiseHandshake, xxInitiator, xxResponder } from '../../../src/handshake/noise.js';
import { CopyableState } from '../../../src/handshake/noise-state.js';
import { hasSmallOrder } from '../../../src/handshake/small-order.js';
import { callOf, draw, initiatorOf, localEnd, partyOf, responderOf } from './parties.js';
import { SMALL_ORDER_KEYS } from './small-order-keys.js';

const PROLOGUE = draw(32);
const PSK = draw(32);

let alice: HandshakeParty;
let bob: HandshakeParty;

beforeAll(async () => {
  alice = await partyOf();
  bob = await partyOf();
});

/** The end of a handshake that claims keys which agree on zeros with all others, and reckons with that. */
function forger(pattern: 'IK' | 'XXpsk0', isInitiator: boolean, claimed: { readonly e?: Uint8Array; readonly s?: Uint8Array }, psk?: Uint8Array) {
  const localStatic = { publicKey: claimed.s ?? alice.exchangeKeys.publicKey, secretKey: alice.exchangeKeys.secretKey };
  const options = { prologue: PROLOGUE, localStatic, ephemeralSecret: draw(32), ...(psk === undefined ? {} : { psk }) };
  const state = CopyableState.start(pattern, isInitiator, options, pattern === 'IK' ? bob.exchangeKeys.publicKey : undefined);
  if (claimed.e !== undefined && state.e !== null) state.e.publicKey = claimed.e;
  const { curve } = state;
  if (curve === null) throw new Error('no curve');
  const dh: typeof curve.dh = (remote, local) =>
    local === (claimed.s === undefined ? state.e : localStatic) ? new Uint8Array(32) : curve.dh(remote, local);
  state.curve = { ...curve, dh };
  return state;
}

const reasonOf = (read: () => unknown): unknown => {
  try {
    const value = read();
    return value instanceof HandshakeFault ? value.reason : value;
  } catch (error) {
    return error instanceof HandshakeFault ? error.reason : error;
  }
};

test('the encodings of small order are those that agree with no secret', () => {
  const { curve } = CopyableState.start('IK', false, options(alice));
  expect(curve?.dh(bob.exchangeKeys.publicKey, alice.exchangeKeys)).toHaveLength(32);
  for (const key of SMALL_ORDER_KEYS) {
    expect(() => curve?.dh(key, alice.exchangeKeys)).toThrow();
    expect(hasSmallOrder(key)).toBe(true);
  }
  expect(new Set(SMALL_ORDER_KEYS.map((key) => Buffer.from(key).toString('hex'))).size).toBe(14);
  expect(hasSmallOrder(alice.exchangeKeys.publicKey)).toBe(false);
  const nine = new Uint8Array(32);
  nine[0] = 9;
  expect(hasSmallOrder(nine)).toBe(false);
});

describe.each(SMALL_ORDER_KEYS.map((key) => [Buffer.from(key).toString('hex'), key] as const))('a key of small order, %s,', (_hex, key) => {
  test('is no ephemeral key of a join, on this thread or another', () => {
    const message = forger('XXpsk0', true, { e: key }, PSK).send(new Uint8Array(10));
    expect(reasonOf(() => openHere(first('XXpsk0', message), bob.exchangeKeys))).toBe('unauthentic');
    expect(solve(first('XXpsk0', message), bob.exchangeKeys)).toBeNull();
  });

  test.each(['e', 's'])('is no key of a call by id: %s', (which) => {
    const message = forger('IK', true, { [which]: key }).send(new Uint8Array(10));
    expect(reasonOf(() => openHere(first('IK', message), bob.exchangeKeys))).toBe('unauthentic');
    expect(solve(first('IK', message), bob.exchangeKeys)).toBeNull();
  });

  test('is no static key of one who joins', () => {
    const [caller, called] = [forger('XXpsk0', true, { s: key }, PSK), xxResponder({ ...options(bob), psk: PSK })];
    called.readMessage(caller.send(new Uint8Array(1)));
    caller.recv(Uint8Array.from(called.writeMessage(new Uint8Array(1))));
    const message3 = caller.send(new Uint8Array(1));
    expect(reasonOf(() => called.readMessage(message3))).toBe('unauthentic');
  });

  test.each(['e', 's'])('is no key of one who is joined: %s', (which) => {
    const [caller, called] = [xxInitiator({ ...options(bob), psk: PSK }), forger('XXpsk0', false, { [which]: key }, PSK)];
    called.recv(Uint8Array.from(caller.writeMessage(new Uint8Array(1))));
    const message2 = called.send(new Uint8Array(1));
    expect(reasonOf(() => caller.readMessage(message2))).toBe('unauthentic');
  });

  test('cannot be written to: that is a fault of the message, not of this end', () => {
    const caller = ikInitiator({ ...options(alice), remoteStatic: key });
    expect(reasonOf(() => caller.writeMessage(new Uint8Array(1)))).toBe('unauthentic');
  });
});

describe('an answer that cannot be sealed', () => {
  /** What reading gave, with keys that an answer cannot be sealed to. */
  function unsealable(opened: OpenedMessage | HandshakeFault): { readonly opened: OpenedMessage; readonly isWiped: () => boolean } {
    if (opened instanceof HandshakeFault) throw opened;
    let isWiped = false;
    const noise: NoiseHandshake = {
      clone: () => opened.noise.clone(),
      readMessage: (message) => opened.noise.readMessage(message),
      writeMessage: () => {
        throw new HandshakeFault('unauthentic', 'not to those keys');
      },
      remoteStatic: opened.noise.remoteStatic,
      split: () => opened.noise.split(),
      wipe: () => {
        isWiped = true;
      },
    };
    return { opened: { noise, payload: opened.payload }, isWiped: () => isWiped };
  }

  test.each(['accepted', 'refused'])('to a call is no fault of this end, and leaves no state: %s', (kind) => {
    const taken = responderOf(bob).take(initiatorOf(alice, bob).nextMessage().datagram, 0, false);
    if (taken.status !== 'unread') throw new Error(taken.status);
    const { opened, isWiped } = unsealable(openHere(taken.first, bob.exchangeKeys));
    const call = callOf(taken.finish(opened));
    expect(reasonOf(() => (kind === 'accepted' ? call.accept(localEnd(9)) : call.refuse('limit')))).toBe('unauthentic');
    expect(isWiped()).toBe(true);
  });

  test.each(['accepted', 'refused'])('to a join is no fault of this end, and leaves no state: %s', (kind) => {
    const responder = joinResponderOf(bob);
    const taken = responder.take(new JoinInitiator(alice, 1).nextMessage().datagram, 0);
    if (taken.status !== 'unread') throw new Error(taken.status);
    const { opened, isWiped } = unsealable(openHere(taken.first, bob.exchangeKeys));
    const received = taken.finish(opened);
    if (received.status !== 'greeting') throw new Error(received.status);
    expect(reasonOf(() => (kind === 'accepted' ? received.greeting.answer(9) : received.greeting.refuse('limit')))).toBe('unauthentic');
    expect([isWiped(), responder.isOpen(9)]).toEqual([true, false]);
  });

  test('where there is no cipher in common is ignored', async () => {
    const other = await partyOf({ ciphers: ['aes-256-gcm'] });
    const call = responderOf(other).take(initiatorOf(alice, other).nextMessage().datagram, 0, false);
    const join = joinResponderOf(other).take(new JoinInitiator(alice, 1).nextMessage().datagram, 0);
    if (call.status !== 'unread' || join.status !== 'unread') throw new Error('read already');
    expect(call.finish(unsealable(openHere(call.first, other.exchangeKeys)).opened).status).toBe('ignored');
    expect(join.finish(unsealable(openHere(join.first, other.exchangeKeys)).opened).status).toBe('ignored');
  });
});

const options = (party: HandshakeParty) => ({ prologue: PROLOGUE, localStatic: party.exchangeKeys, ephemeralSecret: draw(32) });

const joinResponderOf = (party: HandshakeParty): JoinResponder =>
  new JoinResponder(
    party,
    () => 0,
    () => {},
  );

function first(pattern: FirstMessage['pattern'], message: Uint8Array): FirstMessage {
  return { pattern, prologue: PROLOGUE, psk: pattern === 'IK' ? null : PSK, ephemeralSecret: draw(32), message };
}
