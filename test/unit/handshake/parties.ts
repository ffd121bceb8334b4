/** Parties of handshakes for tests: identities of their own, one network, repeatable ephemeral keys, a clock that the test moves. */
import {
  type CallOutcome,
  type HandshakeParty,
  type HandshakeResult,
  type IncomingCall,
  Initiator,
  type LocalEnd,
  type ReceivedCall,
  Responder,
  Timestamps,
} from '../../../src/handshake/index.js';
import { exchangeKeysOf, generateIdentity } from '../../../src/identity/index.js';
import { blake2b } from '../../../src/identity/sodium.js';

export const NETWORK_SECRET = new Uint8Array(32).fill(7);

/** A clock in milliseconds. */
export class TestClock {
  nowMs = 1_000_000;
}

let drawn = 0;

/** Bytes that are new at each call and the same in each run. */
export function draw(byteCount: number): Uint8Array {
  drawn++;
  return blake2b(64, [Uint8Array.from(`${drawn}`, Number)]).slice(0, byteCount);
}

export async function partyOf(overrides: Partial<HandshakeParty> = {}, clock = new TestClock()): Promise<HandshakeParty> {
  const identity = await generateIdentity();
  return {
    id: identity.id,
    exchangeKeys: exchangeKeysOf(identity),
    instance: Buffer.from(draw(16)).toString('hex'),
    networkSecrets: [NETWORK_SECRET],
    ciphers: ['chacha20-poly1305'],
    credit: { maxData: 49_152, maxStreamData: 49_152, maxStreams: 1024 },
    timestamps: new Timestamps(() => clock.nowMs),
    nowMs: () => clock.nowMs,
    randomBytes: draw,
    ...overrides,
  };
}

export function localEnd(localIndex: number, firstPacketNumber = 0n): LocalEnd {
  return { localIndex, token: draw(8), firstPacketNumber };
}

export function initiatorOf(party: HandshakeParty, responder: HandshakeParty, end = localEnd(0x0100_0001)): Initiator {
  return new Initiator(party, { ...end, peer: responder.id, verified: 'id', replacesIndex: 0 });
}

/** The call in what a responder made of a datagram. */
export function callOf(received: ReceivedCall): IncomingCall {
  if (received.status !== 'call') throw new Error(`no call: ${received.status === 'ignored' ? received.fault.message : 'an answer'}`);
  return received.call;
}

/** The result in what an initiator made of a datagram. */
export function resultOf(outcome: CallOutcome): HandshakeResult {
  if (outcome.status !== 'established') throw new Error(`no result: ${outcome.status === 'ignored' ? outcome.fault.message : outcome.status}`);
  return outcome.result;
}

/** Why a datagram was ignored, or what else became of it. */
export function fateOf(received: ReceivedCall | CallOutcome): string {
  return received.status === 'ignored' ? received.fault.reason : received.status;
}

/** A whole handshake. */
export function shakeHands(caller: HandshakeParty, called: HandshakeParty, responder: Responder, localIndex = 0x0200_0002) {
  const initiator = initiatorOf(caller, called);
  const { datagram: message1 } = initiator.nextMessage();
  const { datagram: message2, result: atResponder } = callOf(responder.receive(message1, 0, true)).accept(localEnd(localIndex));
  const atInitiator = resultOf(initiator.receive(message2));
  return { message1, message2, atInitiator, atResponder };
}

/** A responder on a clock of its own. */
export function responderOf(party: HandshakeParty, clock = new TestClock()): Responder {
  return new Responder(party, () => clock.nowMs);
}
