import { beforeAll, describe, expect, it } from 'vitest';
import { cookieKeyOf } from '../../../src/handshake/cookies.js';
import { encodeEnvelope, MessageKind } from '../../../src/handshake/envelope.js';
import { openHere } from '../../../src/handshake/first-message.js';
import { type HandshakeParty, mac1KeyOf, type Responder, Timestamps } from '../../../src/handshake/index.js';
import { ikInitiator } from '../../../src/handshake/noise.js';
import { encodeRequest, type Request } from '../../../src/handshake/payload.js';
import { ikPrologue } from '../../../src/handshake/prologue.js';
import { UNCONFIRMED_MAX } from '../../../src/handshake/tuning.js';
import { exchangeKeyOfNodeId, nodeIdOf } from '../../../src/identity/index.js';
import { callOf, draw, fateOf, initiatorOf, localEnd, NETWORK_SECRET, partyOf, responderOf, shakeHands, TestClock } from './parties.js';

let alice: HandshakeParty;
let bob: HandshakeParty;

beforeAll(async () => {
  alice = await partyOf();
  bob = await partyOf();
});

const message1 = (caller: HandshakeParty): Uint8Array => initiatorOf(caller, bob).nextMessage().datagram;

/** A message 1 of `caller` to bob that says what an honest one would not. */
function craftedMessage1(caller: HandshakeParty, lies: Partial<Request>, paddedBytes = 176): Uint8Array {
  const noise = ikInitiator({
    prologue: ikPrologue(NETWORK_SECRET, bob.id),
    localStatic: caller.exchangeKeys,
    remoteStatic: exchangeKeyOfNodeId(bob.id),
    ephemeralSecret: draw(32),
  });
  const { id, instance, credit, ciphers } = caller;
  const honest = {
    id,
    instance,
    token: '00'.repeat(8),
    senderIndex: 1,
    versions: [1],
    features: 0,
    firstPacketNumber: 0n,
    credit,
    timestampMicros: 1n,
    ciphers,
  };
  const payload = encodeRequest({ ...honest, ...lies }, paddedBytes);
  return encodeEnvelope(
    { kind: MessageKind.ik1, receiverIndex: 0, senderIndex: 1, noise: noise.writeMessage(payload) },
    mac1KeyOf(NETWORK_SECRET, bob.id),
  );
}

describe('a responder', () => {
  it('ignores a message 1 with any one bit changed, and takes the honest one after all of them', () => {
    const responder = responderOf(bob);
    const honest = message1(alice);
    for (let offset = 0; offset < honest.length - 32; offset++) {
      const changed = Uint8Array.from(honest);
      changed[offset] = (changed[offset] ?? 0) ^ (1 << (offset % 8));
      // The replaced index is a hint in clear: mac1, which the engine checks, is all that guards it.
      if (offset < 4 || offset > 7) expect(responder.receive(changed, 0).status, `offset ${offset}`).toBe('ignored');
    }
    expect(responder.receive(honest, 0).status).toBe('call');
  });

  it('believes an id only with its key', async () => {
    const mallory = await partyOf();
    expect(fateOf(responderOf(bob).receive(craftedMessage1(mallory, { id: alice.id }), 0))).toBe('wrong-identity');
    expect(fateOf(responderOf(bob).receive(craftedMessage1(mallory, {}), 0))).toBe('call');
  });

  it.each([0, 1, 2])('ignores a caller whose id is no usable key: %i and zeros', (first) => {
    const id = nodeIdOf(Uint8Array.of(first, ...new Uint8Array(31)));
    expect(fateOf(responderOf(bob).receive(craftedMessage1(alice, { id }), 0))).toBe('wrong-identity');
  });

  it('takes no call from its own key: two nodes that share a key file have no common stream numbers', () => {
    expect(fateOf(responderOf(bob).receive(initiatorOf({ ...bob, instance: '11'.repeat(16) }, bob).nextMessage().datagram, 0))).toBe(
      'wrong-identity',
    );
  });

  it('ignores a caller whose lists or indices contradict the packet', () => {
    const responder = responderOf(bob);
    expect(fateOf(responder.receive(craftedMessage1(alice, { senderIndex: 2 }), 0))).toBe('contradictory');
    expect(fateOf(responder.receive(craftedMessage1(alice, { versions: [2] }), 0))).toBe('downgrade');
    expect(fateOf(responder.receive(craftedMessage1(alice, { versions: [9, 2, 1] }), 0))).toBe('call');
  });

  it('answers nothing that is smaller than an answer can be', () => {
    expect(fateOf(responderOf(bob).receive(craftedMessage1(alice, {}, 0), 0))).toBe('too-small');
  });

  it('admits by the previous secret too, and answers under the secret it was asked by', async () => {
    const [current, previous] = [draw(32), NETWORK_SECRET];
    const changing = { ...bob, networkSecrets: [current, previous] as const satisfies HandshakeParty['networkSecrets'] };
    const responder = responderOf({ ...changing, networkSecrets: [current, previous] });
    const pairs = [current, previous].flatMap((secret) => [mac1KeyOf(secret, bob.id), cookieKeyOf(secret, bob.id)]);
    expect(responder.admissionKeys).toEqual(Buffer.concat(pairs));
    const initiator = initiatorOf(alice, bob);
    const call = callOf(responder.receive(initiator.nextMessage().datagram, 1));
    expect(initiator.receive(call.accept(localEnd(2)).datagram).status).toBe('established');
    expect(fateOf(responder.receive(message1(alice), 0))).toBe('unauthentic');
    expect(fateOf(responder.receive(message1(alice), 2))).toBe('unexpected');
  });

  it('answers a call once', () => {
    const call = callOf(responderOf(bob).receive(message1(alice), 0));
    call.accept(localEnd(2));
    expect(() => call.accept(localEnd(3))).toThrow();
    expect(() => call.refuse('policy')).toThrow();
  });
});

describe('the same message 1 again', () => {
  it('gets the same answer again, and makes no other session', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const datagram = message1(alice);
    const call = callOf(responder.receive(datagram, 0));
    expect(fateOf(responder.receive(datagram, 0))).toBe('rate-limited');
    const answer = call.accept(localEnd(2)).datagram;
    for (let copies = 0; copies < 50; copies++) expect(responder.receive(datagram, 0)).toEqual({ status: 'answer', datagram: answer });
  });

  it('gets the same refusal again', () => {
    const responder = responderOf(bob);
    const datagram = message1(alice);
    const answer = callOf(responder.receive(datagram, 0)).refuse('policy');
    expect(responder.receive(datagram, 0)).toEqual({ status: 'answer', datagram: answer });
  });

  it('is a replay once it was confirmed: answered from a proven address alone, once a second, as a call that replaces nothing', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const { message1: replayed, atResponder } = shakeHands(alice, bob, responder);
    responder.confirmed(atResponder.localIndex);
    expect(fateOf(responder.receive(replayed, 0))).toBe('unproven');
    expect(fateOf(responder.receive(replayed, 0, true))).toBe('call');
    responder.dropped(atResponder.localIndex);
    clock.nowMs += 10_000;
    const fates = Array.from({ length: 100 }, () => {
      clock.nowMs += 100;
      const received = responder.receive(replayed, 0, true);
      if (received.status !== 'call') return received.status;
      // As the engine drops a session that nobody confirms.
      received.call.accept(localEnd(3));
      responder.dropped(3);
      return 'call';
    });
    expect(fates.filter((fate) => fate === 'call').length).toBeLessThanOrEqual(11);
  });
});

describe('timestamps', () => {
  it('older than the confirmed one are replays, not only the very same', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const recorded = Array.from({ length: 5 }, () => message1(alice));
    responder.confirmed(shakeHands(alice, bob, responder, 2).atResponder.localIndex);
    expect(recorded.map((datagram) => fateOf(responder.receive(datagram, 0)))).toEqual(Array(5).fill('unproven'));
    expect(recorded.map((datagram) => fateOf(responder.receive(datagram, 0, true)))).toEqual(['call', ...Array(4).fill('rate-limited')]);
    expect(fateOf(responder.receive(message1(alice), 0))).toBe('call');
  });

  it('older than the confirmed one do not keep out a node whose clock went back', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    responder.confirmed(shakeHands(alice, bob, responder, 2).atResponder.localIndex);
    const yearMs = 365 * 86_400_000;
    const restarted = { ...alice, timestamps: new Timestamps(() => Math.max(0, clock.nowMs - yearMs)) };
    responder.confirmed(shakeHands(restarted, bob, responder, 3).atResponder.localIndex);
    // Its clock is the measure from now on: the next calls are newer again.
    for (let index = 4; index < 10; index++) shakeHands(restarted, bob, responder, index);
  });

  it('count only when confirmed: what was never confirmed makes nothing old', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const ahead = { ...alice, timestamps: new Timestamps(() => 4e12) };
    shakeHands(ahead, bob, responder, 2);
    responder.dropped(2);
    for (let index = 3; index < 8; index++) shakeHands(alice, bob, responder, index);
  });

  it('that are newer each time still get at most a burst and then eight answers a second', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const fates: string[] = [];
    for (let round = 0; round < 100; round++) {
      clock.nowMs += 10;
      fates.push(fateOf(responder.receive(message1(alice), 0)));
    }
    expect(fates.filter((fate) => fate === 'call').length).toBeLessThanOrEqual(16);
    expect(fates.filter((fate) => fate === 'call').length).toBeGreaterThanOrEqual(8);
  });

  it('that were confirmed count against nobody: honest reconnects are answered as often as they come', () => {
    const responder = responderOf(bob, new TestClock());
    for (let index = 2; index < 200; index++) {
      shakeHands(alice, bob, responder, index);
      responder.confirmed(index);
    }
  });

  it('of one identity take nothing from another', async () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    for (let round = 0; round < 100; round++) responder.receive(message1(alice), 0);
    expect(fateOf(responder.receive(message1(await partyOf()), 0))).toBe('call');
  });
});

describe('calls that another answers', () => {
  const readElsewhere = (responder: Responder, datagram: Uint8Array): string => {
    const taken = responder.take(datagram, 0, false, () => false);
    return fateOf(taken.status === 'unread' ? taken.finish(openHere(taken.first, bob.exchangeKeys)) : taken);
  };

  it('are read once, and take nothing from the rate of who is answered here later', () => {
    const responder = responderOf(bob);
    const recorded = Array.from({ length: 20 }, () => message1(alice));
    expect(recorded.map((datagram) => readElsewhere(responder, datagram))).toEqual(Array(20).fill('elsewhere'));
    expect(recorded.map((datagram) => readElsewhere(responder, datagram))).toEqual(Array(20).fill('rate-limited'));
    expect(fateOf(responder.receive(message1(alice), 0))).toBe('call');
  });

  it('are read once more where they come back and their caller is answered here by then, and again once only', () => {
    const responder = responderOf(bob);
    const datagram = message1(alice);
    const others = message1(alice);
    for (const one of [datagram, others]) readElsewhere(responder, one);
    const asked: string[] = [];
    const comesBack = (isHereNow: boolean): string => {
      const isNow = (caller: string): boolean => asked.push(caller) > 0 && isHereNow;
      const taken = responder.take(datagram, 0, false, () => true, isNow);
      return fateOf(taken.status === 'unread' ? taken.finish(openHere(taken.first, bob.exchangeKeys)) : taken);
    };
    expect([comesBack(false), comesBack(true), comesBack(true)]).toEqual(['rate-limited', 'call', 'rate-limited']);
    expect(asked).toEqual([alice.id, alice.id]);
  });

  it('leave those that are answered here their room: what is confirmed after many of them is known for a replay', () => {
    const clock = new TestClock();
    const responder = responderOf(bob, clock);
    const { message1: replayed, atResponder } = shakeHands(alice, bob, responder);
    for (let call = 0; call < UNCONFIRMED_MAX; call++) readElsewhere(responder, message1(alice));
    responder.confirmed(atResponder.localIndex);
    expect(fateOf(responder.receive(replayed, 0))).toBe('unproven');
  });
});
