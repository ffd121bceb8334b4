import { exchangeKeyOfCalled, type NodeId } from '../identity/index.js';
import { type CookieOutcome, Cookies, isCookieReply } from './cookies.js';
import { decodeEnvelope, ENVELOPE_OVERHEAD, encodeEnvelope, MessageKind } from './envelope.js';
import { HandshakeFault, orFault } from './fault.js';
import { trafficKeys } from './keys.js';
import { mac1KeyOf } from './mac1.js';
import { callKeysOf, type NetworkKeys } from './network-keys.js';
import { IK_MESSAGE_1_OVERHEAD, ikInitiator, type NoiseHandshake, wipedOnFault } from './noise.js';
import { checkSenderIndex, checkVersions, type HandshakeParty, type HandshakeResult, introductionOf, type LocalEnd } from './party.js';
import { type Answer, decodeAnswer, encodeRequest } from './payload.js';
import { FEATURE_JOINED, MESSAGE_1_BYTES } from './protocol.js';
import { retryDelayMs } from './retry-schedule.js';
import { SentHandshakes } from './sent-handshakes.js';

/** Whom to call, and from where. */
export interface Call extends LocalEnd {
  readonly peer: NodeId;
  /** 'network': the id is known by joining alone. */ readonly verified: 'id' | 'network';
  /** The peer's index of the session that the new one replaces; 0 for none. */ readonly replacesIndex: number;
}

/**
 * What a received datagram came to. 'ignored' changes nothing: an honest answer may still come; nor does 'cookie'. The others end the handshake.
 * `attempt` is the message 1 that was answered.
 */
export type CallOutcome =
  | { readonly status: 'established'; readonly result: HandshakeResult; readonly attempt: number }
  | { readonly status: 'refused'; readonly why: 'policy' | 'limit' | 'shutdown' }
  | { readonly status: 'incompatible'; readonly subject: 'version' | 'cipher' }
  | CookieOutcome;

const PAYLOAD_BYTES = MESSAGE_1_BYTES - ENVELOPE_OVERHEAD - IK_MESSAGE_1_OVERHEAD;

/**
 * The calling end of an IK handshake, without I/O and timers.
 *
 * ```
 *            nextMessage (again after each retryAfterMs)
 *  new ──────────────────────► calling ──── receive: established, refused, incompatible ───► over
 *                              ▲     │
 *                              └─────┘ receive: ignored                    wipe ─────────────► over
 * ```
 */
export class Initiator {
  readonly #party: HandshakeParty;
  readonly #call: Call;
  readonly #keys: NetworkKeys;
  readonly #remoteStatic: Uint8Array;
  /** Own message 1s that may still be answered, newest first. */
  readonly #sent = new SentHandshakes();
  readonly #cookies: Cookies;
  #attempts: number;
  #isOver = false;

  /**
   * `call.localIndex` is reserved in the engine with {@link Initiator.mac1KeyFor} the peer. `attempts`: message 1s of others before, with which the
   * pauses have grown already. Throws BAD_ID for an id without a handshake key.
   */
  constructor(party: HandshakeParty, call: Call, attempts = 0) {
    const [networkSecret] = party.networkSecrets;
    this.#party = party;
    this.#call = call;
    this.#attempts = attempts;
    this.#keys = callKeysOf(networkSecret, call.peer);
    this.#cookies = new Cookies(this.#keys.cookieKey, () => party.nowMs());
    this.#remoteStatic = exchangeKeyOfCalled(call.peer);
  }

  /** The key of the mac1 of all messages of a handshake with `peer`, those to this end included. */
  static mac1KeyFor(party: HandshakeParty, peer: NodeId): Uint8Array {
    return mac1KeyOf(party.networkSecrets[0], peer);
  }

  /** Message 1s made so far, those before included. */
  get attempts(): number {
    return this.#attempts;
  }

  /** A new message 1, with an ephemeral key of its own and a larger timestamp. Answers to the last few are taken alike. */
  nextMessage(): { readonly datagram: Uint8Array; readonly retryAfterMs: number } {
    if (this.#isOver) throw new Error('the handshake is over');
    const noise = ikInitiator({
      prologue: this.#keys.prologue,
      localStatic: this.#party.exchangeKeys,
      remoteStatic: this.#remoteStatic,
      ephemeralSecret: Uint8Array.from(this.#party.randomBytes(32)),
    });
    const message = noise.writeMessage(this.#payload());
    this.#attempts++;
    this.#sent.add(noise, this.#attempts);
    const { localIndex: senderIndex, replacesIndex: receiverIndex } = this.#call;
    const datagram = encodeEnvelope({ kind: MessageKind.ik1, receiverIndex, senderIndex, noise: message }, this.#keys.mac1Key);
    this.#cookies.stamp(datagram);
    return { datagram, retryAfterMs: retryDelayMs(this.#attempts, this.#party.randomBytes(2)) };
  }

  /**
   * Takes a datagram that the engine delivered for `localIndex`. An answer that accepts is taken when `leadsBack` says that there is a way to who
   * answered the message 1 of that attempt.
   */
  receive(datagram: Uint8Array, leadsBack: (attempt: number) => boolean = () => true): CallOutcome {
    if (isCookieReply(datagram)) return this.#cookies.receive(datagram);
    const read = orFault(() => this.#read(datagram, leadsBack));
    if (read instanceof HandshakeFault) return { status: 'ignored', fault: read };
    const { noise, attempt, answer } = read;
    const outcome: CallOutcome =
      answer.kind === 'accepted' ? { status: 'established', result: this.#result(noise, answer), attempt } : refusalOutcome(answer);
    noise.wipe();
    this.wipe();
    return outcome;
  }

  /** Ends the handshake and overwrites its secrets. */
  wipe(): void {
    this.#sent.wipe();
    this.#cookies.wipe();
    this.#isOver = true;
  }

  #payload(): Uint8Array {
    const { ciphers, timestamps } = this.#party;
    const introduction = introductionOf(this.#party, this.#call, this.#call.verified === 'network' ? FEATURE_JOINED : 0);
    return encodeRequest({ ...introduction, timestampMicros: timestamps.next(), ciphers }, PAYLOAD_BYTES);
  }

  #read(datagram: Uint8Array, leadsBack: (attempt: number) => boolean): { noise: NoiseHandshake; attempt: number; answer: Answer } {
    const { kind, receiverIndex, senderIndex, noise: message } = decodeEnvelope(datagram);
    if (this.#isOver) throw new HandshakeFault('unexpected', 'The handshake is over');
    if (kind !== MessageKind.ik2) throw new HandshakeFault('unexpected', `Message ${kind} came instead of an answer`);
    if (receiverIndex !== this.#call.localIndex) throw new HandshakeFault('unexpected', 'The message answers another handshake');
    const { noise, attempt, payload } = this.#sent.open(message);
    const answer = wipedOnFault(noise, () => {
      const read = this.#answer(payload, senderIndex);
      if (read.kind === 'accepted' && !leadsBack(attempt)) throw new HandshakeFault('unexpected', 'The answer came from where nobody was asked');
      return read;
    });
    return { noise, attempt, answer };
  }

  #answer(payload: Uint8Array, senderIndex: number): Answer {
    const answer = decodeAnswer(payload);
    if (answer.id !== this.#call.peer) throw new HandshakeFault('wrong-identity', `${answer.id} answered for ${this.#call.peer}`);
    if (answer.kind === 'accepted') this.#check(answer, senderIndex);
    return answer;
  }

  #check(answer: Extract<Answer, { kind: 'accepted' }>, senderIndex: number): void {
    checkSenderIndex(answer.senderIndex, senderIndex);
    checkVersions(answer.versions);
    if (!this.#party.ciphers.includes(answer.cipher)) throw new HandshakeFault('contradictory', `Cipher ${answer.cipher} was not offered`);
  }

  #result(noise: NoiseHandshake, answer: Extract<Answer, { kind: 'accepted' }>): HandshakeResult {
    const keys = trafficKeys(noise.split(), answer.cipher);
    return {
      role: 'initiator',
      isConfirmed: true,
      verified: this.#call.verified,
      peer: answer.id,
      remoteInstance: answer.instance,
      remoteToken: answer.token,
      localIndex: this.#call.localIndex,
      remoteIndex: answer.senderIndex,
      cipher: answer.cipher,
      sendKeys: keys.initiatorToResponder,
      receiveKeys: keys.responderToInitiator,
      firstSend: this.#call.firstPacketNumber,
      firstReceive: answer.firstPacketNumber,
      remoteCredit: answer.credit,
    };
  }
}

/** What a refusal means to who called. */
export function refusalOutcome({ refusal }: Extract<Answer, { kind: 'refused' }>): Extract<CallOutcome, { status: 'refused' | 'incompatible' }> {
  return refusal === 'version' || refusal === 'cipher' ? { status: 'incompatible', subject: refusal } : { status: 'refused', why: refusal };
}
