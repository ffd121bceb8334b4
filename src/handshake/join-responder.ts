import type { NodeId } from '../identity/index.js';
import { decodeEnvelope, encodeEnvelope, MessageKind } from './envelope.js';
import { HandshakeFault, orFault } from './fault.js';
import { type FirstMessage, type OpenedMessage, openHere, type UnreadMessage } from './first-message.js';
import { type Cipher, trafficKeys } from './keys.js';
import { admissionKeysOf, type JoinNetworkKeys, joinKeysOf } from './network-keys.js';
import { type NoiseHandshake, wipedOnFault } from './noise.js';
import { OpenCalls } from './open-calls.js';
import { type OpenJoin, OpenJoins } from './open-joins.js';
import { checkIdentity, checkSenderIndex, checkVersions, type HandshakeParty, type HandshakeResult, introductionOf } from './party.js';
import { type Answer, decodeGreeting, decodeIntroduction, encodeAnswer, type Greeting, type Introduction, type Refusal } from './payload.js';
import { MESSAGE_1_BYTES, VERSIONS } from './protocol.js';

/** What a received message 1 of a join came to. */
export type ReceivedGreeting =
  /** A member, not known which, asks who is here: answer or refuse. */
  | { readonly status: 'greeting'; readonly greeting: IncomingGreeting }
  /** To be sent back where it came from; nothing else changes. */
  | { readonly status: 'answer'; readonly datagram: Uint8Array }
  | { readonly status: 'ignored'; readonly fault: HandshakeFault };

/** A message 1 that is authentic. Answer it once, at once; one that is left alone is forgotten. */
export interface IncomingGreeting {
  /** The key of the mac1 of message 3: for the index that is reserved. */ readonly mac1Key: Uint8Array;
  /** Message 2. `localIndex` is where message 3 will arrive, and the session's packets after it. */
  answer(localIndex: number): Uint8Array;
  /** A message 2 that says no. */
  refuse(why: 'limit' | 'shutdown'): Uint8Array;
}

/** What a received message 3 came to. */
export type ReceivedJoin =
  | { readonly status: 'joined'; readonly join: IncomingJoin }
  /** To be sent back where it came from; nothing else changes. */
  | { readonly status: 'answer'; readonly datagram: Uint8Array }
  | { readonly status: 'ignored'; readonly fault: HandshakeFault };

/** Somebody who proved its key, just now: message 3 cannot be a replay, for message 2 was new. */
export interface IncomingJoin {
  readonly caller: NodeId;
  /** This end's name for its state towards the caller, as message 2 told it before the caller was known. */ readonly token: Uint8Array;
  readonly result: HandshakeResult;
  /** `answer` is the no, sealed under the keys: the same message 3 again gets it again, for a while. */
  refuse(answer: Uint8Array): void;
}

/** The called end of all XXpsk0 handshakes of a node, without I/O and timers. */
export class JoinResponder {
  readonly #party: HandshakeParty;
  readonly #nowMs: () => number;
  #networks: readonly JoinNetworkKeys[];
  readonly #open: OpenJoins;
  /** Digests of what {@link JoinResponder.take} gave away to be read. */
  readonly #reading = new Set<string>();

  /** `nowMs` never goes back. `onForgotten` takes the index of a join that nobody completed back. */
  constructor(party: HandshakeParty, nowMs: () => number, onForgotten: (localIndex: number) => void) {
    this.#party = party;
    this.#nowMs = nowMs;
    this.#networks = party.networkSecrets.map(joinKeysOf);
    this.#open = new OpenJoins(onForgotten);
  }

  /** The keys of mac1 and cookies of message 1s of joins, in the order of the network secrets, one after another: for the engine. */
  get admissionKeys(): Uint8Array {
    return admissionKeysOf(this.#networks);
  }

  /** Message 1s are admitted by these from now on; what was answered goes on under its own. */
  useNetworkSecrets(networkSecrets: HandshakeParty['networkSecrets']): void {
    this.#networks = networkSecrets.map(joinKeysOf);
  }

  /** Whether a message 3 to `localIndex` is waited for, or may come once more. */
  isOpen(localIndex: number): boolean {
    const nowMs = this.#nowMs();
    return this.#open.get(localIndex, nowMs) !== null || this.#open.refusalAt(localIndex, nowMs) !== null;
  }

  /** Overwrites the state of all that is open. */
  close(): void {
    this.#open.clear();
  }

  /** Takes a message 1 whose mac1 is right under the network secret at index `network`. */
  receive(datagram: Uint8Array, network: number): ReceivedGreeting {
    const taken = this.take(datagram, network);
    return taken.status === 'unread' ? taken.finish(openHere(taken.first, this.#party.exchangeKeys)) : taken;
  }

  /** As {@link JoinResponder.receive}; what has to be read is left to the caller. */
  take(datagram: Uint8Array, network: number): ReceivedGreeting | UnreadMessage<ReceivedGreeting> {
    const digest = OpenCalls.digestOf(datagram);
    const answered = this.#open.find(digest, this.#nowMs());
    if (answered !== null) return { status: 'answer', datagram: answered.answer };
    if (this.#reading.has(digest)) return { status: 'ignored', fault: new HandshakeFault('rate-limited', 'The same greeting is being read already') };
    const sealed = orFault(() => this.#unwrap(datagram, network));
    if (sealed instanceof HandshakeFault) return { status: 'ignored', fault: sealed };
    this.#reading.add(digest);
    const finish = (opened: OpenedMessage | HandshakeFault): ReceivedGreeting => {
      this.#reading.delete(digest);
      const read = opened instanceof HandshakeFault ? opened : orFault(() => readGreeting(sealed, opened));
      return read instanceof HandshakeFault ? { status: 'ignored', fault: read } : this.#received(read, digest);
    };
    return { status: 'unread', first: sealed.first, finish };
  }

  /** Takes a message 3 for `localIndex`. One that is not authentic changes nothing. */
  receiveLast(localIndex: number, datagram: Uint8Array): ReceivedJoin {
    const digest = OpenCalls.digestOf(datagram);
    const refused = this.#open.refusalAt(localIndex, this.#nowMs());
    if (refused?.digest === digest) return { status: 'answer', datagram: refused.answer };
    const open = this.#open.get(localIndex, this.#nowMs());
    const read = orFault(() => this.#readLast(localIndex, open, datagram));
    if (read instanceof HandshakeFault) return { status: 'ignored', fault: read };
    const { noise, introduction, join } = read;
    this.#open.take(localIndex);
    const keys = trafficKeys(noise.split(), join.cipher);
    const result: HandshakeResult = {
      role: 'responder',
      isConfirmed: true,
      verified: 'network',
      peer: introduction.id,
      remoteInstance: introduction.instance,
      remoteToken: introduction.token,
      localIndex,
      remoteIndex: introduction.senderIndex,
      cipher: join.cipher,
      sendKeys: keys.responderToInitiator,
      receiveKeys: keys.initiatorToResponder,
      firstSend: 0n,
      firstReceive: introduction.firstPacketNumber,
      remoteCredit: introduction.credit,
    };
    const refuse = (answer: Uint8Array): void => this.#open.refuse(localIndex, { digest, answer, takenAtMs: this.#nowMs() });
    return { status: 'joined', join: { caller: introduction.id, token: join.token, result, refuse } };
  }

  #received(read: ReadGreeting, digest: string): ReceivedGreeting {
    const cipher = read.greeting.ciphers.find((offered) => this.#party.ciphers.includes(offered));
    if (cipher === undefined) return { status: 'answer', datagram: this.#refusal(read, 'cipher') };
    return {
      status: 'greeting',
      greeting: {
        mac1Key: read.network.mac1Key,
        answer: (localIndex) => this.#answer(read, cipher, localIndex, digest),
        refuse: (why) => this.#refusal(read, why),
      },
    };
  }

  #unwrap(datagram: Uint8Array, networkIndex: number): SealedGreeting {
    const { kind, senderIndex, noise: message } = decodeEnvelope(datagram);
    if (kind !== MessageKind.xx1) throw new HandshakeFault('unexpected', `Message ${kind} begins no join`);
    if (datagram.length < MESSAGE_1_BYTES) throw new HandshakeFault('too-small', `A call of ${datagram.length} bytes could have a larger answer`);
    const network = this.#networks[networkIndex];
    if (network === undefined) throw new HandshakeFault('unexpected', `There is no network secret ${networkIndex}`);
    const { prologue, psk } = network;
    const ephemeralSecret = Uint8Array.from(this.#party.randomBytes(32));
    return { first: { pattern: 'XXpsk0', prologue, psk, ephemeralSecret, message }, network, senderIndex };
  }

  #readLast(localIndex: number, join: OpenJoin | null, datagram: Uint8Array): { noise: NoiseHandshake; introduction: Introduction; join: OpenJoin } {
    const { kind, receiverIndex, senderIndex, noise: message } = decodeEnvelope(datagram);
    if (join === null || kind !== MessageKind.xx3 || receiverIndex !== localIndex || senderIndex !== join.senderIndex) {
      throw new HandshakeFault('unexpected', 'The message is no end of a join that is open');
    }
    const noise = join.noise.clone();
    const introduction = wipedOnFault(noise, () => {
      const read = decodeIntroduction(noise.readMessage(message));
      checkIdentity(this.#party, read.id, noise.remoteStatic);
      checkSenderIndex(read.senderIndex, senderIndex);
      checkVersions(read.versions);
      return read;
    });
    return { noise, introduction, join };
  }

  #answer(read: ReadGreeting, cipher: Cipher, localIndex: number, digest: string): Uint8Array {
    const token = Uint8Array.from(this.#party.randomBytes(8));
    const introduction = introductionOf(this.#party, { localIndex, token, firstPacketNumber: 0n });
    const answer = this.#write(read, { kind: 'accepted', cipher, ...introduction }, localIndex);
    const { noise, senderIndex } = read;
    this.#open.add(localIndex, { noise, senderIndex, cipher, token, digest, answer, takenAtMs: this.#nowMs() });
    return answer;
  }

  #refusal(read: ReadGreeting, refusal: Refusal): Uint8Array {
    const datagram = this.#write(read, { kind: 'refused', id: this.#party.id, versions: VERSIONS, refusal }, 0);
    read.noise.wipe();
    return datagram;
  }

  #write({ noise, senderIndex: receiverIndex, network }: ReadGreeting, answer: Answer, senderIndex: number): Uint8Array {
    const message = noise.writeMessage(encodeAnswer(answer));
    return encodeEnvelope({ kind: MessageKind.xx2, receiverIndex, senderIndex, noise: message }, network.mac1Key);
  }
}

interface GreetingEnvelope {
  readonly network: JoinNetworkKeys;
  readonly senderIndex: number;
}

interface SealedGreeting extends GreetingEnvelope {
  readonly first: FirstMessage;
}

interface ReadGreeting extends GreetingEnvelope {
  readonly noise: NoiseHandshake;
  readonly greeting: Greeting;
}

function readGreeting({ network, senderIndex }: SealedGreeting, { noise, payload }: OpenedMessage): ReadGreeting {
  const greeting = wipedOnFault(noise, () => {
    const decoded = decodeGreeting(payload);
    checkSenderIndex(decoded.senderIndex, senderIndex);
    checkVersions(decoded.versions);
    return decoded;
  });
  return { noise, greeting, network, senderIndex };
}
