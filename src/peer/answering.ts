import type { MeshNodeOptions } from '../api/node.js';
import { PATH_RECORD_BYTES, type PathRecord } from '../engine/engine.js';
import { OsierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import {
  FirstMessages,
  HandshakeFault,
  type HandshakeParty,
  type HandshakeResult,
  type IncomingCall,
  orFault,
  type ReceivedCall,
  Responder,
} from '../handshake/index.js';
import type { NodeId } from '../identity/index.js';
import { Admittance, type Refusal } from './admittance.js';
import type { FirstMessage } from './call-routing.js';
import type { PeerContext } from './context.js';
import { JoinAnswering } from './join-answering.js';
import type { MeshPeer } from './mesh-peer.js';
import type { PeerTable } from './peer-table.js';
import { RareWarnings } from './rare-warnings.js';
import { watchedCall } from './watched-call.js';

/** Bytes of a key of mac1. */
const KEY_BYTES = 32;

/** Gives handshake messages to whom they are for, and answers those who call this node. */
export class Answering {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #admittance: Admittance;
  readonly #joins: JoinAnswering;
  readonly #responder: Responder;
  readonly #firstMessages: FirstMessages;
  readonly #associationsMax: number;
  readonly #warnings: RareWarnings;

  constructor(context: PeerContext, peers: PeerTable, accept: MeshNodeOptions['accept'], associationsMax: number) {
    this.#context = context;
    this.#peers = peers;
    const warnings = new RareWarnings(context);
    const admittance = new Admittance(context, accept, warnings);
    this.#warnings = warnings;
    this.#admittance = admittance;
    const firstMessages = new FirstMessages(context.party.exchangeKeys, {
      runtime: context.runtime,
      onThreadsFailed: (cause) =>
        context.log('warn', { cause: textOf(cause) }, 'Threads for handshakes fail: the node reads them all by itself for a while.'),
      onFault: (cause) => context.onFault(cause),
    });
    this.#firstMessages = firstMessages;
    this.#joins = new JoinAnswering(context, peers, { firstMessages, admittance, warnings, associationsMax });
    this.#associationsMax = associationsMax;
    this.#responder = new Responder(context.party, () => context.runtime.clock.nowMs());
  }

  /** From now on callers are answered; the engine drops their messages before. */
  begin(): void {
    this.#context.engine.setAdmissionKeys(Buffer.concat([this.#responder.admissionKeys, this.#joins.admissionKeys]));
  }

  /** Both admit from now on; the handshakes that are under way go on under theirs. */
  useNetworkSecrets(networkSecrets: HandshakeParty['networkSecrets']): void {
    this.#responder.useNetworkSecrets(networkSecrets);
    this.#joins.useNetworkSecrets(networkSecrets);
    this.begin();
  }

  /** The node closes: whoever waits for an answer of the policy is told so. */
  onClosing(): void {
    this.#admittance.close();
  }

  /** The node is closed: what nobody completed is overwritten. Resolves when no thread is left. */
  close(): Promise<void> {
    this.#joins.close();
    return this.#firstMessages.close();
  }

  /** A message as the engine's record carries it: path record, then datagram. `localIndex` is 0 for a first message. */
  onHandshake(localIndex: number, admissionKey: number, message: Uint8Array, proven: boolean): void {
    const copy = message.slice();
    const path = copy.subarray(0, PATH_RECORD_BYTES);
    const datagram = copy.subarray(PATH_RECORD_BYTES);
    if (localIndex !== 0) {
      if (this.#joins.isOpen(localIndex)) this.#joins.onLast(localIndex, path, datagram);
      else this.#context.calls.get(localIndex)?.onDatagram(path, datagram);
      return;
    }
    const networks = this.#context.party.networkSecrets.length;
    if (admissionKey >= networks) {
      if (this.#context.routing?.greetsHere({ admissionKey, message, proven }) === false) return;
      this.#joins.onGreeting(path, datagram, admissionKey - networks);
      return;
    }
    const first = { admissionKey, message: copy, proven };
    const isHere = (caller: NodeId): boolean => this.#context.routing?.answersHere(caller, first) ?? true;
    const isHereNow = (caller: NodeId): boolean => this.#context.routing?.livesHere(caller) ?? true;
    const taken = this.#responder.take(datagram, admissionKey, proven, isHere, isHereNow);
    if (taken.status !== 'unread') this.#onReceived(taken, path, first);
    else this.#firstMessages.open(taken.first, (opened) => this.#onReceived(taken.finish(opened), path, first));
  }

  #onReceived(received: ReceivedCall, path: PathRecord, first: FirstMessage): void {
    switch (received.status) {
      case 'ignored':
        this.#context.onHandshakeFault(null, received.fault);
        return;
      case 'unproven':
        this.#context.engine.sendCookie(path, first.message.subarray(PATH_RECORD_BYTES));
        this.#context.flusher.mark();
        return;
      case 'answer':
        this.#send(path, received.datagram);
        return;
      case 'call':
        this.#onCall(watchedCall(this.#context, received.call), path);
        return;
      case 'elsewhere':
        return;
    }
  }

  #onCall(call: IncomingCall, path: PathRecord): void {
    // New keys of an association that is there: it was admitted when it began.
    if (this.#isRekey(call)) this.#answer(call, path, null);
    else this.#admittance.decide(call.caller, path, (refusal) => this.#answer(call, path, refusal));
  }

  onConfirmed(localIndex: number): void {
    this.#responder.confirmed(localIndex);
  }

  onDropped(localIndex: number): void {
    this.#responder.dropped(localIndex);
  }

  #isRekey(call: IncomingCall): boolean {
    return this.#peers.get(call.caller)?.associations.current?.facts.remoteToken === call.remoteToken;
  }

  #answer(call: IncomingCall, path: PathRecord, refusal: Refusal): void {
    const fault = orFault(() => {
      if (this.#context.closedBy !== null) this.#send(path, call.refuse('shutdown'));
      // A caller hears of its own id no more than that it is not admitted.
      else if (refusal !== null) this.#send(path, call.refuse(refusal === 'revoked' ? 'policy' : refusal));
      else this.#admit(call, path);
    });
    if (fault instanceof HandshakeFault) this.#context.onHandshakeFault(null, fault);
  }

  #admit(call: IncomingCall, path: PathRecord): void {
    const { engine, dispatcher } = this.#context;
    const isFull = dispatcher.associations.size >= this.#associationsMax && !this.#isRekey(call);
    // The index first: without one, no other peer has given way to this one.
    const localIndex = isFull ? 0 : engine.reserveIndex(this.#responder.admissionKeys.subarray(0, KEY_BYTES));
    const peer = localIndex === 0 ? null : this.#obtain(call);
    if (peer === null || peer.closing !== null) {
      if (localIndex !== 0) engine.releaseIndex(localIndex);
      this.#send(path, call.refuse(peer === null ? 'limit' : 'shutdown'));
      return;
    }
    const firstPacketNumber = peer.associations.nextPacketNumberFor(call.remoteToken);
    const accepted = orFault(() => call.accept({ localIndex, token: peer.associations.tokenFor(call.remoteToken), firstPacketNumber }));
    if (accepted instanceof HandshakeFault) {
      engine.releaseIndex(localIndex);
      peer.forgetWhenUnused();
      throw accepted;
    }
    const { datagram, result } = accepted;
    if (this.#install(peer, result, path)) {
      this.#send(path, datagram);
      return;
    }
    // No answer: the caller tries again.
    peer.forgetWhenUnused();
  }

  /** Whether it can be used: not when its association ended just now, or when the memory that a new one would need is spent. */
  #install(peer: MeshPeer, result: HandshakeResult, path: PathRecord): boolean {
    try {
      return peer.onSession(result, path);
    } catch (error) {
      if (!OsierError.is(error)) throw error;
      this.#context.engine.releaseIndex(result.localIndex);
      this.#warnings.warn(error);
      return false;
    }
  }

  #obtain(call: IncomingCall): ReturnType<PeerTable['obtain']> | null {
    try {
      return this.#peers.obtain(call.caller);
    } catch (error) {
      if (!OsierError.is(error, 'ERR_OSIER_LIMIT')) throw error;
      return null;
    }
  }

  #send(path: PathRecord, datagram: Uint8Array): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }
}
