import type { NodeId } from '../identity/index.js';
import { type CookieOutcome, Cookies, isCookieReply } from './cookies.js';
import { decodeEnvelope, ENVELOPE_OVERHEAD, encodeEnvelope, MessageKind } from './envelope.js';
import { HandshakeFault, orFault } from './fault.js';
import { type CallOutcome, refusalOutcome } from './initiator.js';
import { trafficKeys } from './keys.js';
import { type JoinNetworkKeys, joinKeysOf } from './network-keys.js';
import { type NoiseHandshake, wipedOnFault, XX_MESSAGE_1_OVERHEAD, xxInitiator } from './noise.js';
import { checkIdentity, checkSenderIndex, checkVersions, type HandshakeParty, type HandshakeResult, introductionOf } from './party.js';
import { type Answer, decodeAnswer, encodeGreeting, encodeIntroduction } from './payload.js';
import { MESSAGE_1_BYTES, VERSIONS } from './protocol.js';
import { retryDelayMs } from './retry-schedule.js';
import { SentHandshakes } from './sent-handshakes.js';

/** What a received message 2 came to. 'found' ends nothing yet: see {@link FoundNode}. 'cookie' and 'ignored' end nothing either. The others end the handshake. */
export type JoinOutcome =
  | { readonly status: 'found'; readonly found: FoundNode }
  /** `id` said no, proved by its key. */
  | (Extract<CallOutcome, { readonly status: 'refused' | 'incompatible' }> & { readonly id: NodeId })
  | CookieOutcome;

/** Who is at the address, proved by its key. */
export interface FoundNode {
  readonly id: NodeId;
  /** The message 1 that was answered. */ readonly attempt: number;
  /**
   * Message 3, to be sent until a packet authenticates under the keys, and the keys. Ends the handshake. `token` is this end's name for its state
   * towards the node.
   */
  finish(token: Uint8Array): { readonly datagram: Uint8Array; readonly result: HandshakeResult };
}

type Accepted = Extract<Answer, { readonly kind: 'accepted' }>;

const PAYLOAD_BYTES = MESSAGE_1_BYTES - ENVELOPE_OVERHEAD - XX_MESSAGE_1_OVERHEAD;

/**
 * The joining end of an XXpsk0 handshake, which knows an address and the network secret, without I/O and timers.
 *
 * ```
 *        nextMessage (again after each retryAfterMs)
 *  new ──────────────────────► calling ──── receive: refused, incompatible ──► over
 *                              ▲     │ receive: found
 *             receive: ignored └─────┤
 *                                    └────► found ──── finish, wipe ─────────► over
 * ```
 */
export class JoinInitiator {
  readonly #party: HandshakeParty;
  readonly #keys: JoinNetworkKeys;
  readonly #localIndex: number;
  /** Own message 1s that may still be answered, newest first. */
  readonly #sent = new SentHandshakes();
  /** The state after the message 2 that was read last. */
  #answered: NoiseHandshake | null = null;
  readonly #cookies: Cookies;
  #attempts: number;
  #isOver = false;

  /** `localIndex` is reserved in the engine with {@link JoinInitiator.mac1KeyFor}. `attempts`: as of {@link Initiator}. */
  constructor(party: HandshakeParty, localIndex: number, attempts = 0) {
    this.#party = party;
    this.#keys = joinKeysOf(party.networkSecrets[0]);
    this.#localIndex = localIndex;
    this.#attempts = attempts;
    this.#cookies = new Cookies(this.#keys.cookieKey, () => party.nowMs());
  }

  /** The key of the mac1 of all messages of a join, those to this end included. */
  static mac1KeyFor(party: HandshakeParty): Uint8Array {
    return joinKeysOf(party.networkSecrets[0]).mac1Key;
  }

  /** Message 1s made so far, those before included. */
  get attempts(): number {
    return this.#attempts;
  }

  /** A new message 1, with an ephemeral key of its own. Answers to the last few are taken alike. */
  nextMessage(): { readonly datagram: Uint8Array; readonly retryAfterMs: number } {
    if (this.#isOver) throw new Error('the handshake is over');
    const { exchangeKeys: localStatic, ciphers } = this.#party;
    const { prologue, psk } = this.#keys;
    const noise = xxInitiator({ prologue, psk, localStatic, ephemeralSecret: Uint8Array.from(this.#party.randomBytes(32)) });
    const message = noise.writeMessage(encodeGreeting({ senderIndex: this.#localIndex, versions: VERSIONS, features: 0, ciphers }, PAYLOAD_BYTES));
    this.#attempts++;
    this.#sent.add(noise, this.#attempts);
    const datagram = this.#packet(MessageKind.xx1, 0, message);
    this.#cookies.stamp(datagram);
    return { datagram, retryAfterMs: retryDelayMs(this.#attempts, this.#party.randomBytes(2)) };
  }

  /** Takes a datagram that the engine delivered for the local index. */
  receive(datagram: Uint8Array): JoinOutcome {
    if (isCookieReply(datagram)) return this.#cookies.receive(datagram);
    const read = orFault(() => this.#read(datagram));
    if (read instanceof HandshakeFault) return { status: 'ignored', fault: read };
    const { noise, attempt, answer } = read;
    if (answer.kind === 'refused') {
      noise.wipe();
      this.wipe();
      return { ...refusalOutcome(answer), id: answer.id };
    }
    this.#answered?.wipe();
    this.#answered = noise;
    return { status: 'found', found: { id: answer.id, attempt, finish: (token) => this.#finish(noise, answer, token) } };
  }

  /** Ends the handshake and overwrites its secrets. */
  wipe(): void {
    this.#sent.wipe();
    this.#answered?.wipe();
    this.#answered = null;
    this.#cookies.wipe();
    this.#isOver = true;
  }

  #read(datagram: Uint8Array): { noise: NoiseHandshake; attempt: number; answer: Answer } {
    const { kind, receiverIndex, senderIndex, noise: message } = decodeEnvelope(datagram);
    if (this.#isOver) throw new HandshakeFault('unexpected', 'The handshake is over');
    if (kind !== MessageKind.xx2) throw new HandshakeFault('unexpected', `Message ${kind} came instead of an answer`);
    if (receiverIndex !== this.#localIndex) throw new HandshakeFault('unexpected', 'The message answers another handshake');
    const { noise, attempt, payload } = this.#sent.open(message);
    return { noise, attempt, answer: wipedOnFault(noise, () => this.#answer(noise, payload, senderIndex)) };
  }

  #answer(noise: NoiseHandshake, payload: Uint8Array, senderIndex: number): Answer {
    const answer = decodeAnswer(payload);
    checkIdentity(this.#party, answer.id, noise.remoteStatic);
    if (answer.kind === 'refused') return answer;
    checkSenderIndex(answer.senderIndex, senderIndex);
    checkVersions(answer.versions);
    if (!this.#party.ciphers.includes(answer.cipher)) throw new HandshakeFault('contradictory', `Cipher ${answer.cipher} was not offered`);
    return answer;
  }

  #finish(noise: NoiseHandshake, answer: Accepted, token: Uint8Array): { readonly datagram: Uint8Array; readonly result: HandshakeResult } {
    if (noise !== this.#answered) throw new Error('another answer was taken, or the handshake is over');
    const introduction = introductionOf(this.#party, { localIndex: this.#localIndex, token, firstPacketNumber: 0n });
    const message = noise.writeMessage(encodeIntroduction(introduction));
    const keys = trafficKeys(noise.split(), answer.cipher);
    this.wipe();
    const result: HandshakeResult = {
      role: 'initiator',
      isConfirmed: false,
      verified: 'network',
      peer: answer.id,
      remoteInstance: answer.instance,
      remoteToken: answer.token,
      localIndex: this.#localIndex,
      remoteIndex: answer.senderIndex,
      cipher: answer.cipher,
      sendKeys: keys.initiatorToResponder,
      receiveKeys: keys.responderToInitiator,
      firstSend: 0n,
      firstReceive: answer.firstPacketNumber,
      remoteCredit: answer.credit,
    };
    return { datagram: this.#packet(MessageKind.xx3, answer.senderIndex, message), result };
  }

  #packet(kind: MessageKind, receiverIndex: number, noise: Uint8Array): Uint8Array {
    return encodeEnvelope({ kind, receiverIndex, senderIndex: this.#localIndex, noise }, this.#keys.mac1Key);
  }
}
