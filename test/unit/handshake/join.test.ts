import { beforeAll, describe, expect, it } from 'vitest';
import { type HandshakeParty, JoinInitiator, JoinResponder, mac1KeyOf } from '../../../src/handshake/index.js';
import { mac1Of } from '../../../src/handshake/mac1.js';
import { draw, initiatorOf, NETWORK_SECRET, partyOf, responderOf, TestClock } from './parties.js';

const [CALLER_INDEX, CALLED_INDEX] = [0x0100_0001, 0x0200_0002];

let alice: HandshakeParty;
let bob: HandshakeParty;
let clock: TestClock;
let forgotten: number[];

beforeAll(async () => {
  alice = await partyOf();
  bob = await partyOf();
});

const joiner = (party = alice): JoinInitiator => new JoinInitiator(party, CALLER_INDEX);

function called(party = bob): JoinResponder {
  clock = new TestClock();
  forgotten = [];
  return new JoinResponder(
    party,
    () => clock.nowMs,
    (index) => forgotten.push(index),
  );
}

/** Message 2. */
function answerTo(responder: JoinResponder, message1: Uint8Array, localIndex = CALLED_INDEX): Uint8Array {
  const received = responder.receive(message1, 0);
  if (received.status !== 'greeting') throw new Error(received.status);
  return received.greeting.answer(localIndex);
}

function foundBy(initiator: JoinInitiator, message2: Uint8Array) {
  const outcome = initiator.receive(message2);
  if (outcome.status !== 'found') throw new Error(outcome.status === 'ignored' ? outcome.fault.message : outcome.status);
  return outcome.found;
}

function joinedBy(responder: JoinResponder, message3: Uint8Array, localIndex = CALLED_INDEX) {
  const received = responder.receiveLast(localIndex, message3);
  if (received.status !== 'joined') throw new Error(received.status === 'ignored' ? received.fault.message : received.status);
  return received.join;
}

/** A packet as a member of the network could change it: with a right mac1. */
function tampered(datagram: Uint8Array, round: number): Uint8Array {
  const packet = Uint8Array.from(datagram);
  const offset = 16 + ((round * 37) % (packet.length - 48));
  packet[offset] = (packet[offset] ?? 0) ^ (1 << (round % 8));
  if (round % 3 === 0) packet.set(draw(32), 16);
  packet.set(mac1Of(mac1KeyOf(NETWORK_SECRET, null), packet.subarray(0, -32)), packet.length - 32);
  return packet;
}

const fate = (received: { readonly status: string; readonly fault?: { readonly reason: string } }): string =>
  received.fault?.reason ?? received.status;

describe('a join by address and network secret alone', () => {
  it('gives both ends the same keys, the proven ids, and what the other said', () => {
    const [initiator, responder] = [joiner(), called()];
    const message1 = initiator.nextMessage().datagram;
    const message2 = answerTo(responder, message1);
    const found = foundBy(initiator, message2);
    expect(found.id).toBe(bob.id);
    const token = draw(8);
    const { datagram, result } = found.finish(token);
    const { caller, token: ofBob, result: atBob } = joinedBy(responder, datagram);
    expect(caller).toBe(alice.id);
    expect(result.sendKeys).toEqual(atBob.receiveKeys);
    expect(result.receiveKeys).toEqual(atBob.sendKeys);
    expect(result).toMatchObject({
      role: 'initiator',
      peer: bob.id,
      remoteInstance: bob.instance,
      localIndex: CALLER_INDEX,
      remoteIndex: CALLED_INDEX,
    });
    expect(atBob).toMatchObject({ role: 'responder', peer: alice.id, remoteInstance: alice.instance, localIndex: CALLED_INDEX });
    expect(result.remoteToken).toBe(Buffer.from(ofBob).toString('hex'));
    expect(atBob.remoteToken).toBe(Buffer.from(token).toString('hex'));
    expect([result.verified, atBob.verified]).toEqual(['network', 'network']);
  });

  it('is confirmed for the called end by message 3, for the caller only by a packet', () => {
    const [initiator, responder] = [joiner(), called()];
    const { datagram, result } = foundBy(initiator, answerTo(responder, initiator.nextMessage().datagram)).finish(draw(8));
    expect(result.isConfirmed).toBe(false);
    expect(joinedBy(responder, datagram).result.isConfirmed).toBe(true);
  });

  it('has a message 1 that is larger than the answer and names nobody', () => {
    const [initiator, responder] = [joiner(), called()];
    const message1 = initiator.nextMessage().datagram;
    expect(message1.length).toBe(320);
    expect(answerTo(responder, message1).length).toBeLessThanOrEqual(320);
    expect(initiator.nextMessage().datagram.subarray(16)).not.toEqual(message1.subarray(16));
  });

  it('answers the same message 1 again with the same bytes and no second state', () => {
    const [initiator, responder] = [joiner(), called()];
    const message1 = initiator.nextMessage().datagram;
    const message2 = answerTo(responder, message1);
    expect(responder.receive(message1, 0)).toEqual({ status: 'answer', datagram: message2 });
  });

  it('needs the network secret: another one decrypts nothing', async () => {
    const stranger = await partyOf({ networkSecrets: [draw(32)] });
    expect(fate(called().receive(joiner(stranger).nextMessage().datagram, 0))).toBe('unauthentic');
    expect(fate(called(stranger).receive(joiner().nextMessage().datagram, 0))).toBe('unauthentic');
  });

  it('is answered under the secret that it was begun under', async () => {
    const next = draw(32);
    const changing = await partyOf({ networkSecrets: [next, NETWORK_SECRET] });
    const responder = called(changing);
    const initiator = joiner();
    const received = responder.receive(initiator.nextMessage().datagram, 1);
    if (received.status !== 'greeting') throw new Error(received.status);
    expect(foundBy(initiator, received.greeting.answer(1)).id).toBe(changing.id);
  });

  it('takes the honest message 2 after 100 forged ones', () => {
    const [initiator, responder] = [joiner(), called()];
    const message2 = answerTo(responder, initiator.nextMessage().datagram);
    for (let round = 0; round < 100; round++) expect(fate(initiator.receive(tampered(message2, round)))).toBe('unauthentic');
    expect(foundBy(initiator, message2).id).toBe(bob.id);
  });

  it('takes the honest message 3 after 100 forged ones', () => {
    const [initiator, responder] = [joiner(), called()];
    const { datagram, result } = foundBy(initiator, answerTo(responder, initiator.nextMessage().datagram)).finish(draw(8));
    for (let round = 0; round < 100; round++) expect(fate(responder.receiveLast(CALLED_INDEX, tampered(datagram, round)))).toBe('unauthentic');
    expect(joinedBy(responder, datagram).result.receiveKeys).toEqual(result.sendKeys);
  });

  it('is not completed by a message 3 to another index, of another caller index, truncated, or sent again', () => {
    const [initiator, responder] = [joiner(), called()];
    const { datagram } = foundBy(initiator, answerTo(responder, initiator.nextMessage().datagram)).finish(draw(8));
    expect(fate(responder.receiveLast(CALLED_INDEX + 1, datagram))).toBe('unexpected');
    expect(fate(responder.receiveLast(CALLED_INDEX, datagram.with(12, 99)))).toBe('unexpected');
    for (let length = 0; length < datagram.length; length++) {
      expect(responder.receiveLast(CALLED_INDEX, datagram.slice(0, length)).status).toBe('ignored');
    }
    joinedBy(responder, datagram);
    expect(fate(responder.receiveLast(CALLED_INDEX, datagram))).toBe('unexpected');
  });

  it('finds nobody who claims an id whose key it has not, nor this very node', async () => {
    const liar = await partyOf({ id: bob.id });
    const initiator = joiner();
    expect(fate(initiator.receive(answerTo(called(liar), initiator.nextMessage().datagram)))).toBe('wrong-identity');
    const own = joiner();
    expect(fate(own.receive(answerTo(called(alice), own.nextMessage().datagram)))).toBe('wrong-identity');
    const [lying, responder] = [joiner({ ...alice, id: liar.id }), called(await partyOf())];
    const { datagram } = foundBy(lying, answerTo(responder, lying.nextMessage().datagram)).finish(draw(8));
    expect(fate(responder.receiveLast(CALLED_INDEX, datagram))).toBe('wrong-identity');
  });

  it('is refused authentically: without a common cipher, and at shutdown', async () => {
    const modern = joiner(await partyOf({ ciphers: ['aes-256-gcm'] }));
    const refused = called().receive(modern.nextMessage().datagram, 0);
    expect(refused.status === 'answer' && modern.receive(refused.datagram)).toEqual({ status: 'incompatible', subject: 'cipher', id: bob.id });
    const initiator = joiner();
    const received = called().receive(initiator.nextMessage().datagram, 0);
    expect(received.status === 'greeting' && initiator.receive(received.greeting.refuse('shutdown'))).toEqual({
      status: 'refused',
      why: 'shutdown',
      id: bob.id,
    });
  });

  it('keeps a bounded number of joins open, for a bounded time, and gives their indices back', () => {
    const responder = called();
    for (let index = 1; index <= 1_025; index++) answerTo(responder, joiner().nextMessage().datagram, index);
    expect(forgotten).toEqual([1]);
    expect([responder.isOpen(1), responder.isOpen(2)]).toEqual([false, true]);
    clock.nowMs += 10_000;
    answerTo(responder, joiner().nextMessage().datagram, 2_000);
    expect(forgotten.length).toBe(1_025);
    expect(responder.isOpen(2_000)).toBe(true);
  });

  it('is another pattern than a call by id: neither end takes the messages of the other', () => {
    expect(fate(called().receive(initiatorOf(alice, bob).nextMessage().datagram, 0))).toBe('unexpected');
    expect(fate(responderOf(bob).receive(joiner().nextMessage().datagram, 0))).toBe('unexpected');
  });

  it('that is refused is told so again when its message 3 comes again, for ten seconds, and holds its index for no longer', () => {
    const [initiator, responder] = [joiner(), called()];
    const { datagram } = foundBy(initiator, answerTo(responder, initiator.nextMessage().datagram)).finish(draw(8));
    const refusal = draw(43);
    joinedBy(responder, datagram).refuse(refusal);
    expect(responder.isOpen(CALLED_INDEX)).toBe(true);
    expect(fate(responder.receiveLast(CALLED_INDEX, tampered(datagram, 1)))).toBe('unexpected');
    clock.nowMs += 9_999;
    expect(responder.receiveLast(CALLED_INDEX, datagram)).toEqual({ status: 'answer', datagram: refusal });
    expect(forgotten).toEqual([]);
    clock.nowMs += 1;
    expect(fate(responder.receiveLast(CALLED_INDEX, datagram))).toBe('unexpected');
    expect([forgotten, responder.isOpen(CALLED_INDEX)]).toEqual([[CALLED_INDEX], false]);
  });

  it('that nobody completed is overwritten when the node closes', () => {
    const [initiator, responder] = [joiner(), called()];
    const { datagram } = foundBy(initiator, answerTo(responder, initiator.nextMessage().datagram)).finish(draw(8));
    responder.close();
    expect(forgotten).toEqual([CALLED_INDEX]);
    expect(fate(responder.receiveLast(CALLED_INDEX, datagram))).toBe('unexpected');
  });
});
