import type { NodeId } from '../identity/index.js';
import { CallerLedger } from './caller-ledger.js';
import { decodeEnvelope, encodeEnvelope, MessageKind } from './envelope.js';
import { ExpiringMap } from './expiring-map.js';
import { HandshakeFault, orFault } from './fault.js';
import { type FirstMessage, type OpenedMessage, openHere, type UnreadMessage } from './first-message.js';
import { type Cipher, trafficKeys } from './keys.js';
import { admissionKeysOf, callKeysOf, type NetworkKeys } from './network-keys.js';
import { type NoiseHandshake, wipedOnFault } from './noise.js';
import { type OpenCall, OpenCalls } from './open-calls.js';
import { checkIdentity, checkSenderIndex, checkVersions, type HandshakeParty, type HandshakeResult, introductionOf, type LocalEnd } from './party.js';
import { type Answer, decodeRequest, encodeAnswer, type Refusal, type Request } from './payload.js';
import { FEATURE_JOINED, MESSAGE_1_BYTES, VERSIONS } from './protocol.js';

/** What a received message 1 came to. */
export type ReceivedCall =
  /** Somebody who proved its key asks for a session: accept or refuse it. */
  | { readonly status: 'call'; readonly call: IncomingCall }
  /** To be sent back where it came from; nothing else changes. */
  | { readonly status: 'answer'; readonly datagram: Uint8Array }
  /** Not newer than what its sender confirmed before: a replay, or a clock that went back. To be answered with a cookie. */
  | { readonly status: 'unproven' }
  /** Another answers its sender. */
  | { readonly status: 'elsewhere' }
  | { readonly status: 'ignored'; readonly fault: HandshakeFault };

/** A message 1 that is authentic. Answer it once, now or after asking somebody; one that is left alone is forgotten. */
export interface IncomingCall {
  readonly caller: NodeId;
  /** 32 hex digits, new at each start of the caller. */ readonly remoteInstance: string;
  /** 16 hex digits: the caller's name for its state towards this node. */ readonly remoteToken: string;
  /** This node's index of the session that the new one would replace; 0 for none. A hint. */ readonly replacesIndex: number;
  /** Message 2 and the keys; throws {@link HandshakeFault} where it cannot be sealed. Nothing may be sent under them, and nothing be replaced, before a packet authenticates under them. */
  accept(local: LocalEnd): { readonly datagram: Uint8Array; readonly result: HandshakeResult };
  /** A message 2 that says no; throws as {@link IncomingCall.accept}. */
  refuse(why: 'policy' | 'limit' | 'shutdown'): Uint8Array;
}

type IsHere = (caller: NodeId) => boolean;

/** The called end of all IK handshakes of a node, without I/O and timers. */
export class Responder {
  readonly #party: HandshakeParty;
  readonly #nowMs: () => number;
  #networks: readonly NetworkKeys[];
  readonly #ledger = new CallerLedger();
  readonly #open = new OpenCalls();
  /** Digests of what {@link Responder.take} gave away to be read. */
  readonly #reading = new Set<string>();
  /** By digest, what others answer: apart, so that it leaves those that are answered here their room. */
  readonly #elsewhere = new ExpiringMap<string, { readonly caller: NodeId; readonly takenAtMs: number }>(() => {});

  /** `nowMs` never goes back. */
  constructor(party: HandshakeParty, nowMs: () => number) {
    this.#party = party;
    this.#nowMs = nowMs;
    this.#networks = party.networkSecrets.map((secret) => callKeysOf(secret, party.id));
  }

  /** The keys of mac1 and cookies of messages to this node, in the order of the network secrets, one after another: for the engine. */
  get admissionKeys(): Uint8Array {
    return admissionKeysOf(this.#networks);
  }

  /** Message 1s are admitted by these from now on; what was answered goes on under its own. */
  useNetworkSecrets(networkSecrets: HandshakeParty['networkSecrets']): void {
    this.#networks = networkSecrets.map((secret) => callKeysOf(secret, this.#party.id));
  }

  /**
   * Takes a datagram that answers nothing and whose mac1 is right under the admission key at index `admissionKey`. `proven`: its mac2 shows that its
   * sender is at the address that it came from.
   */
  receive(datagram: Uint8Array, admissionKey: number, proven = false): ReceivedCall {
    const taken = this.take(datagram, admissionKey, proven);
    return taken.status === 'unread' ? taken.finish(openHere(taken.first, this.#party.exchangeKeys)) : taken;
  }

  /**
   * As {@link Responder.receive}; what has to be read is left to the caller. `isHere` is asked whether `caller`, who is authentic, is answered by this
   * one: only who answers hears what is confirmed, and so knows replays and how often to answer. `isHereNow` tells so, and does nothing, of one whose
   * message was another's to answer and has come again.
   */
  take(
    datagram: Uint8Array,
    admissionKey: number,
    proven: boolean,
    isHere: IsHere = () => true,
    isHereNow: IsHere = () => false,
  ): ReceivedCall | UnreadMessage<ReceivedCall> {
    const digest = OpenCalls.digestOf(datagram);
    const open = this.#open.find(digest, this.#nowMs());
    if (open !== null) return repeated(open);
    const elsewhere = this.#elsewhere.get(digest, this.#nowMs());
    if (this.#reading.has(digest) || (elsewhere !== null && !isHereNow(elsewhere.caller))) return repeated(null);
    const sealed = orFault(() => this.#unwrap(datagram, admissionKey));
    if (sealed instanceof HandshakeFault) return { status: 'ignored', fault: sealed };
    this.#reading.add(digest);
    const finish = (opened: OpenedMessage | HandshakeFault): ReceivedCall => {
      this.#reading.delete(digest);
      const read = opened instanceof HandshakeFault ? opened : orFault(() => this.#read(sealed, opened));
      return read instanceof HandshakeFault ? { status: 'ignored', fault: read } : this.#decideIfHere(read, digest, proven, isHere);
    };
    return { status: 'unread', first: sealed.first, finish };
  }

  /** The first packet authenticated under the session of `localIndex`. */
  confirmed(localIndex: number): void {
    const call = this.#open.take(localIndex);
    if (call !== null) this.#ledger.confirm(call.caller, call.timestampMicros, this.#nowMs());
  }

  /** The session of `localIndex` ended without being confirmed. */
  dropped(localIndex: number): void {
    this.#open.take(localIndex);
  }

  #decideIfHere(read: ReadCall, digest: string, proven: boolean, isHere: IsHere): ReceivedCall {
    if (isHere(read.request.id)) return this.#decide(read, digest, proven);
    read.noise.wipe();
    this.#elsewhere.add(digest, { caller: read.request.id, takenAtMs: this.#nowMs() });
    return { status: 'elsewhere' };
  }

  #decide(read: ReadCall, digest: string, proven: boolean): ReceivedCall {
    const { id: caller, timestampMicros } = read.request;
    if (!proven && !this.#ledger.isNewer(caller, timestampMicros)) {
      read.noise.wipe();
      return { status: 'unproven' };
    }
    if (!this.#ledger.admits(caller, timestampMicros, this.#nowMs())) {
      read.noise.wipe();
      return { status: 'ignored', fault: new HandshakeFault('rate-limited', `${caller} calls too often`) };
    }
    const call: OpenCall = { caller, timestampMicros, takenAtMs: this.#nowMs(), answer: null, localIndex: null };
    this.#open.add(digest, call);
    const settle = (answer: Uint8Array, localIndex: number | null): void => this.#open.settle(digest, call, answer, localIndex);
    const incoming = new AuthenticCall(this.#party, read, settle);
    if (incoming.cipher !== null) return { status: 'call', call: incoming };
    const datagram = orFault(() => incoming.answerRefusal('cipher'));
    return datagram instanceof HandshakeFault ? { status: 'ignored', fault: datagram } : { status: 'answer', datagram };
  }

  #unwrap(datagram: Uint8Array, admissionKey: number): SealedCall {
    const { kind, receiverIndex, senderIndex, noise: message } = decodeEnvelope(datagram);
    if (kind !== MessageKind.ik1) throw new HandshakeFault('unexpected', `Message ${kind} answers nothing`);
    if (datagram.length < MESSAGE_1_BYTES) throw new HandshakeFault('too-small', `A call of ${datagram.length} bytes could have a larger answer`);
    const network = this.#networks[admissionKey];
    if (network === undefined) throw new HandshakeFault('unexpected', `There is no admission key ${admissionKey}`);
    const ephemeralSecret = Uint8Array.from(this.#party.randomBytes(32));
    const first: FirstMessage = { pattern: 'IK', prologue: network.prologue, psk: null, ephemeralSecret, message };
    return { first, network, senderIndex, replacesIndex: receiverIndex };
  }

  #read({ network, senderIndex, replacesIndex }: SealedCall, { noise, payload }: OpenedMessage): ReadCall {
    const request = wipedOnFault(noise, () => {
      const decoded = decodeRequest(payload);
      this.#check(decoded, noise.remoteStatic, senderIndex);
      return decoded;
    });
    return { noise, request, network, senderIndex, replacesIndex };
  }

  #check(request: Request, remoteStatic: Uint8Array | null, senderIndex: number): void {
    checkIdentity(this.#party, request.id, remoteStatic);
    checkSenderIndex(request.senderIndex, senderIndex);
    checkVersions(request.versions);
  }
}

interface CallEnvelope {
  readonly network: NetworkKeys;
  readonly senderIndex: number;
  readonly replacesIndex: number;
}

interface SealedCall extends CallEnvelope {
  readonly first: FirstMessage;
}

interface ReadCall extends CallEnvelope {
  readonly noise: NoiseHandshake;
  readonly request: Request;
}

class AuthenticCall implements IncomingCall {
  readonly caller: NodeId;
  readonly remoteInstance: string;
  readonly remoteToken: string;
  readonly replacesIndex: number;
  /** The first of the caller's ciphers that this node has too. */
  readonly cipher: Cipher | null;
  readonly #party: HandshakeParty;
  readonly #read: ReadCall;
  readonly #settle: (answer: Uint8Array, localIndex: number | null) => void;
  #isAnswered = false;

  constructor(party: HandshakeParty, read: ReadCall, settle: (answer: Uint8Array, localIndex: number | null) => void) {
    const { request } = read;
    this.caller = request.id;
    this.remoteInstance = request.instance;
    this.remoteToken = request.token;
    this.replacesIndex = read.replacesIndex;
    this.cipher = request.ciphers.find((cipher) => party.ciphers.includes(cipher)) ?? null;
    this.#party = party;
    this.#read = read;
    this.#settle = settle;
  }

  accept(local: LocalEnd): { readonly datagram: Uint8Array; readonly result: HandshakeResult } {
    const { cipher } = this;
    if (cipher === null) throw new Error('a call without a common cipher cannot be accepted');
    const datagram = this.#write({ kind: 'accepted', cipher, ...introductionOf(this.#party, local) }, local.localIndex);
    this.#settle(datagram, local.localIndex);
    return { datagram, result: this.#result(cipher, local) };
  }

  refuse(why: 'policy' | 'limit' | 'shutdown'): Uint8Array {
    return this.answerRefusal(why);
  }

  answerRefusal(refusal: Refusal): Uint8Array {
    const datagram = this.#write({ kind: 'refused', id: this.#party.id, versions: VERSIONS, refusal }, 0);
    this.#read.noise.wipe();
    this.#settle(datagram, null);
    return datagram;
  }

  #write(answer: Answer, senderIndex: number): Uint8Array {
    if (this.#isAnswered) throw new Error('the call is answered already');
    this.#isAnswered = true;
    const state = this.#read.noise;
    const noise = wipedOnFault(state, () => state.writeMessage(encodeAnswer(answer)));
    const receiverIndex = this.#read.senderIndex;
    return encodeEnvelope({ kind: MessageKind.ik2, receiverIndex, senderIndex, noise }, this.#read.network.mac1Key);
  }

  #result(cipher: Cipher, local: LocalEnd): HandshakeResult {
    const { noise, request } = this.#read;
    const keys = trafficKeys(noise.split(), cipher);
    return {
      role: 'responder',
      isConfirmed: false,
      verified: (request.features & FEATURE_JOINED) === 0 ? 'id' : 'network',
      peer: request.id,
      remoteInstance: request.instance,
      remoteToken: request.token,
      localIndex: local.localIndex,
      remoteIndex: request.senderIndex,
      cipher,
      sendKeys: keys.responderToInitiator,
      receiveKeys: keys.initiatorToResponder,
      firstSend: local.firstPacketNumber,
      firstReceive: request.firstPacketNumber,
      remoteCredit: request.credit,
    };
  }
}

/** The same message once more; `null` for one that is not read yet. */
function repeated(open: OpenCall | null): ReceivedCall {
  if (open !== null && open.answer !== null) return { status: 'answer', datagram: open.answer };
  return { status: 'ignored', fault: new HandshakeFault('rate-limited', 'The same call is being answered already') };
}
