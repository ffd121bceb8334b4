import { beforeAll, describe, expect, it } from 'vitest';
import type { HandshakeParty } from '../../../src/handshake/index.js';
import { mac1KeyOf, Timestamps } from '../../../src/handshake/index.js';
import { mac1Of } from '../../../src/handshake/mac1.js';
import { callOf, draw, fateOf, initiatorOf, localEnd, NETWORK_SECRET, partyOf, responderOf, resultOf, shakeHands } from './parties.js';

let alice: HandshakeParty;
let bob: HandshakeParty;

beforeAll(async () => {
  alice = await partyOf();
  bob = await partyOf();
});

/** Changes a packet as a member of the network could: with a right mac1. */
function tampered(datagram: Uint8Array, responder: HandshakeParty, change: (packet: Uint8Array) => void): Uint8Array {
  const packet = Uint8Array.from(datagram);
  change(packet);
  packet.set(mac1Of(mac1KeyOf(NETWORK_SECRET, responder.id), packet.subarray(0, -32)), packet.length - 32);
  return packet;
}

describe('a handshake', () => {
  it('gives both ends the same keys, each the other way round, and what the other said', () => {
    const { atInitiator, atResponder } = shakeHands(alice, bob, responderOf(bob));
    expect(atInitiator.sendKeys).toEqual(atResponder.receiveKeys);
    expect(atInitiator.receiveKeys).toEqual(atResponder.sendKeys);
    expect(atInitiator.sendKeys.data).not.toEqual(atInitiator.receiveKeys.data);
    expect(atInitiator).toMatchObject({
      role: 'initiator',
      peer: bob.id,
      remoteInstance: bob.instance,
      localIndex: 0x0100_0001,
      remoteIndex: 0x0200_0002,
    });
    expect(atResponder).toMatchObject({
      role: 'responder',
      peer: alice.id,
      remoteInstance: alice.instance,
      localIndex: 0x0200_0002,
      remoteIndex: 0x0100_0001,
    });
    expect(atResponder.remoteCredit).toEqual(alice.credit);
  });

  it('tells each end where the packet numbers of the other begin', () => {
    const initiator = initiatorOf(alice, bob, localEnd(1, 5n));
    const call = callOf(responderOf(bob).receive(initiator.nextMessage().datagram, 0));
    const { datagram, result } = call.accept(localEnd(2, (1n << 62n) - 1n));
    expect(result).toMatchObject({ firstSend: (1n << 62n) - 1n, firstReceive: 5n });
    expect(resultOf(initiator.receive(datagram))).toMatchObject({ firstSend: 5n, firstReceive: (1n << 62n) - 1n });
  });

  it('has new keys every time', () => {
    const responder = responderOf(bob);
    expect(shakeHands(alice, bob, responder).atInitiator.sendKeys).not.toEqual(shakeHands(alice, bob, responder).atInitiator.sendKeys);
  });
});

describe('message 1', () => {
  it('is larger than message 2, and neither is larger than 1,160 bytes', () => {
    const { message1, message2 } = shakeHands(alice, bob, responderOf(bob));
    expect(message1.length).toBe(320);
    expect(message2.length).toBeLessThanOrEqual(message1.length);
  });

  it('has an ephemeral key and a payload of its own at every retry', () => {
    const initiator = initiatorOf(alice, bob);
    const messages = Array.from({ length: 20 }, () => Buffer.from(initiator.nextMessage().datagram).toString('hex'));
    expect(new Set(messages.map((message) => message.slice(32, 96))).size).toBe(20);
    expect(initiator.attempts).toBe(20);
  });

  it('has a larger timestamp every time, also while the clock stands still or goes back', () => {
    let clockMs = 1_700_000_000_000.25;
    const timestamps = new Timestamps(() => clockMs);
    const first = timestamps.next();
    expect(first).toBe(1_700_000_000_000_250n);
    expect(timestamps.next()).toBe(first + 1n);
    clockMs -= 3_600_000;
    expect(timestamps.next()).toBe(first + 2n);
    clockMs = 1_800_000_000_000;
    expect(timestamps.next()).toBe(1_800_000_000_000_000n);
  });
});

describe('an answer', () => {
  it('to any of the last three message 1s is taken', () => {
    for (const answered of [0, 1, 2]) {
      const initiator = initiatorOf(alice, bob);
      const messages = [1, 2, 3].map(() => initiator.nextMessage().datagram);
      const { datagram, result } = callOf(responderOf(bob).receive(messages[answered] as Uint8Array, 0)).accept(localEnd(9));
      expect(resultOf(initiator.receive(datagram)).sendKeys).toEqual(result.receiveKeys);
    }
  });

  it('to an older one is not', () => {
    const initiator = initiatorOf(alice, bob);
    const [first = new Uint8Array()] = [1, 2, 3, 4].map(() => initiator.nextMessage().datagram);
    const { datagram } = callOf(responderOf(bob).receive(first, 0)).accept(localEnd(9));
    expect(fateOf(initiator.receive(datagram))).toBe('unauthentic');
  });

  it('that is honest is taken after 100 forged ones', () => {
    const initiator = initiatorOf(alice, bob);
    initiator.nextMessage();
    const call = callOf(responderOf(bob).receive(initiator.nextMessage().datagram, 0));
    const { datagram, result } = call.accept(localEnd(9));
    for (let round = 0; round < 100; round++) {
      const forged = tampered(datagram, bob, (packet) => {
        const offset = 16 + ((round * 37) % (packet.length - 48));
        packet[offset] = (packet[offset] ?? 0) ^ (1 << (round % 8));
        if (round % 3 === 0) packet.set(draw(32), 16);
      });
      expect(fateOf(initiator.receive(forged))).toBe('unauthentic');
    }
    expect(resultOf(initiator.receive(datagram)).sendKeys).toEqual(result.receiveKeys);
  });

  it('that is honest is taken after one whose ephemeral key is of small order', () => {
    const initiator = initiatorOf(alice, bob);
    const { datagram, result } = callOf(responderOf(bob).receive(initiator.nextMessage().datagram, 0)).accept(localEnd(9));
    for (const first of [0, 1]) {
      const forged = tampered(datagram, bob, (packet) => packet.set([first, ...new Uint8Array(31)], 16));
      expect(fateOf(initiator.receive(forged))).toBe('unauthentic');
    }
    expect(resultOf(initiator.receive(datagram)).sendKeys).toEqual(result.receiveKeys);
  });

  it('whose sender index was changed on the way is ignored, and the honest one still counts', () => {
    const initiator = initiatorOf(alice, bob);
    const { datagram } = callOf(responderOf(bob).receive(initiator.nextMessage().datagram, 0)).accept(localEnd(9));
    const changed = tampered(datagram, bob, (packet) => packet.set([8], 12));
    expect(fateOf(initiator.receive(changed))).toBe('contradictory');
    expect(resultOf(initiator.receive(datagram)).remoteIndex).toBe(9);
  });

  it('to another handshake, of another kind, truncated or after the end is ignored', () => {
    const initiator = initiatorOf(alice, bob);
    const message1 = initiator.nextMessage().datagram;
    const { datagram } = callOf(responderOf(bob).receive(message1, 0)).accept(localEnd(9));
    expect(fateOf(initiator.receive(tampered(datagram, bob, (packet) => packet.set([5], 4))))).toBe('unexpected');
    expect(fateOf(initiator.receive(message1))).toBe('unexpected');
    for (let length = 0; length < datagram.length; length++) {
      expect(initiator.receive(datagram.slice(0, length)).status).toBe('ignored');
    }
    expect(initiator.receive(datagram).status).toBe('established');
    expect(fateOf(initiator.receive(datagram))).toBe('unexpected');
  });

  it('comes from the node that was called, or there is none', async () => {
    const mallory = await partyOf();
    const message1 = initiatorOf(alice, bob).nextMessage().datagram;
    expect(fateOf(responderOf(mallory).receive(message1, 0))).toBe('unauthentic');
    expect(fateOf(responderOf({ ...mallory, id: bob.id }).receive(message1, 0))).toBe('unauthentic');
  });

  it('needs the same network secret', async () => {
    const stranger = await partyOf({ networkSecrets: [draw(32)] });
    expect(fateOf(responderOf(bob).receive(initiatorOf(stranger, bob).nextMessage().datagram, 0))).toBe('unauthentic');
  });

  it.each(['policy', 'limit', 'shutdown'] as const)('that refuses says why: %s', (why) => {
    const initiator = initiatorOf(alice, bob);
    const message1 = initiator.nextMessage().datagram;
    const datagram = callOf(responderOf(bob).receive(message1, 0)).refuse(why);
    expect(datagram.length).toBeLessThan(message1.length);
    expect(initiator.receive(datagram)).toEqual({ status: 'refused', why });
  });

  it('tells a caller without a common cipher so', async () => {
    const modern = await partyOf({ ciphers: ['aes-256-gcm'] });
    const initiator = initiatorOf(modern, bob);
    const received = responderOf(bob).receive(initiator.nextMessage().datagram, 0);
    expect(received.status === 'answer' && initiator.receive(received.datagram)).toEqual({ status: 'incompatible', subject: 'cipher' });
  });

  it("chooses the caller's first cipher that both have", async () => {
    const both = await partyOf({ ciphers: ['aes-256-gcm', 'chacha20-poly1305'] });
    expect(shakeHands(both, bob, responderOf(bob)).atInitiator.cipher).toBe('chacha20-poly1305');
    const other = await partyOf({ ciphers: ['chacha20-poly1305', 'aes-256-gcm'] });
    const { atInitiator, atResponder } = shakeHands(both, other, responderOf(other));
    expect([atInitiator.cipher, atResponder.cipher]).toEqual(['aes-256-gcm', 'aes-256-gcm']);
  });
});

describe('both ends at once', () => {
  it('finish both handshakes, with the same tokens in each', () => {
    const [endA, endB] = [localEnd(1), localEnd(2)];
    const fromA = initiatorOf(alice, bob, endA);
    const fromB = initiatorOf(bob, alice, endB);
    const [callA, callB] = [fromA.nextMessage().datagram, fromB.nextMessage().datagram];
    const atB = callOf(responderOf(bob).receive(callA, 0)).accept({ ...endB, localIndex: 3 });
    const atA = callOf(responderOf(alice).receive(callB, 0)).accept({ ...endA, localIndex: 4 });
    const [resultA, resultB] = [resultOf(fromA.receive(atB.datagram)), resultOf(fromB.receive(atA.datagram))];
    expect(resultA.remoteToken).toBe(atA.result.remoteToken);
    expect(resultB.remoteToken).toBe(atB.result.remoteToken);
    expect(resultA.sendKeys).toEqual(atB.result.receiveKeys);
    expect(resultB.sendKeys).toEqual(atA.result.receiveKeys);
  });
});
