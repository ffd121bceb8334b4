import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import { type CloseCode, OsierError } from '../errors/index.js';
import {
  type FirstMessages,
  HandshakeFault,
  type HandshakeParty,
  type IncomingGreeting,
  type IncomingJoin,
  JoinResponder,
  orFault,
  type ReceivedGreeting,
  wipeKeys,
} from '../handshake/index.js';
import { compareNodeIds } from '../identity/index.js';
import { wipe } from '../identity/sodium.js';
import type { Admittance, Refusal } from './admittance.js';
import { closeNumber } from './closing-errors.js';
import type { PeerContext } from './context.js';
import type { MeshPeer } from './mesh-peer.js';
import { directPathOf } from './path-record.js';
import type { PeerTable } from './peer-table.js';
import type { RareWarnings } from './rare-warnings.js';
import { sessionConfigOf } from './session-config.js';

/** What joins share with calls by id. */
export interface JoinAnsweringParts {
  readonly firstMessages: FirstMessages;
  readonly admittance: Admittance;
  readonly warnings: RareWarnings;
  readonly associationsMax: number;
}

/** Answers those who join this node by its address. */
export class JoinAnswering {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #parts: JoinAnsweringParts;
  readonly #responder: JoinResponder;
  /** At the end of the oldest join that waits, or sooner; so that its keys and its index go although nobody joins any more. */
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(context: PeerContext, peers: PeerTable, parts: JoinAnsweringParts) {
    this.#context = context;
    this.#peers = peers;
    this.#parts = parts;
    const nowMs = (): number => context.runtime.clock.nowMs();
    this.#responder = new JoinResponder(context.party, nowMs, (localIndex) => context.engine.releaseIndex(localIndex));
  }

  /** See {@link JoinResponder.admissionKeys}. */
  get admissionKeys(): Uint8Array {
    return this.#responder.admissionKeys;
  }

  /** See {@link JoinResponder.useNetworkSecrets}. */
  useNetworkSecrets(networkSecrets: HandshakeParty['networkSecrets']): void {
    this.#responder.useNetworkSecrets(networkSecrets);
  }

  /** See {@link JoinResponder.close}. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#responder.close();
  }

  /** See {@link JoinResponder.isOpen}. */
  isOpen(localIndex: number): boolean {
    return this.#responder.isOpen(localIndex);
  }

  /** A message 1, by the network secret at index `network`. */
  onGreeting(path: PathRecord, datagram: Uint8Array, network: number): void {
    const taken = this.#responder.take(datagram, network);
    if (taken.status !== 'unread') this.#onGreeting(taken, path);
    else this.#parts.firstMessages.open(taken.first, (opened) => this.#onGreeting(taken.finish(opened), path));
  }

  #onGreeting(received: ReceivedGreeting, path: PathRecord): void {
    switch (received.status) {
      case 'ignored':
        this.#context.onHandshakeFault(null, received.fault);
        return;
      case 'answer':
        this.#send(path, received.datagram);
        return;
      case 'greeting':
        this.#answer(received.greeting, path);
        return;
    }
  }

  /** A message 3. */
  onLast(localIndex: number, path: PathRecord, datagram: Uint8Array): void {
    const received = this.#responder.receiveLast(localIndex, datagram);
    if (received.status === 'ignored') {
      this.#context.onHandshakeFault(null, received.fault);
      return;
    }
    if (received.status === 'answer') {
      this.#send(path, received.datagram);
      return;
    }
    const { join } = received;
    this.#parts.admittance.decide(join.caller, path, (refusal) => this.#place(join, path, refusal));
  }

  /** Who lives in another shard is called by that, and this join is forgotten. */
  #place(join: IncomingJoin, path: PathRecord, refusal: Refusal): void {
    const { routing, engine, sockets } = this.#context;
    if (!routing || refusal !== null) {
      this.#admit(join, path, refusal);
      return;
    }
    routing.claim(join.caller, directPathOf(path, sockets).remote, (isHere) => {
      if (isHere) {
        this.#admit(join, path, null);
        return;
      }
      engine.releaseIndex(join.result.localIndex);
      wipeKeys(join.result);
    });
  }

  #answer(greeting: IncomingGreeting, path: PathRecord): void {
    const { closedBy, engine } = this.#context;
    const localIndex = closedBy === null ? engine.reserveIndex(greeting.mac1Key) : 0;
    const answer = orFault(() => (localIndex === 0 ? greeting.refuse(closedBy === null ? 'limit' : 'shutdown') : greeting.answer(localIndex)));
    if (!(answer instanceof HandshakeFault)) {
      this.#send(path, answer);
      this.#watch();
      return;
    }
    if (localIndex !== 0) engine.releaseIndex(localIndex);
    this.#context.onHandshakeFault(null, answer);
  }

  #admit(join: IncomingJoin, path: PathRecord, refusal: Refusal): void {
    const { result } = join;
    try {
      const peer = this.#peerOf(join, refusal);
      if (typeof peer === 'string') this.#refuse(join, path, peer);
      else if (this.#isSuperfluous(peer, join)) this.#context.engine.releaseIndex(result.localIndex);
      else this.#install(peer, join, path);
    } finally {
      wipeKeys(result);
    }
  }

  /**
   * Whether another handshake of the same two nodes comes before this one. One is finished: the two ends know that association by another token. Or
   * both ends join one another at once: that of the smaller NodeId goes on.
   */
  #isSuperfluous(peer: MeshPeer, { caller, result }: IncomingJoin): boolean {
    return peer.associations.has(result.remoteToken) || (peer.isJoining && compareNodeIds(this.#context.id, caller) < 0);
  }

  #peerOf(join: IncomingJoin, refusal: Refusal): MeshPeer | CloseCode {
    const { closedBy, dispatcher } = this.#context;
    if (closedBy !== null) return 'shutdown';
    if (refusal !== null) return refusal === 'policy' ? 'refused' : 'limit';
    if (dispatcher.associations.size >= this.#parts.associationsMax) return 'limit';
    try {
      const peer = this.#peers.obtain(join.caller);
      return peer.closing === null ? peer : 'shutdown';
    } catch (error) {
      if (!OsierError.is(error, 'ERR_OSIER_LIMIT')) throw error;
      return 'limit';
    }
  }

  #install(peer: MeshPeer, join: IncomingJoin, path: PathRecord): void {
    const { result, token } = join;
    // Where the engine has no room for it, the caller is told so under the keys, which are wiped by then.
    const sendKey = Uint8Array.from(result.sendKeys.data);
    try {
      // Beside another association it is confirmed by its first packet.
      if (peer.onSession(result, path, token) && peer.associations.current?.facts.remoteToken === result.remoteToken) {
        this.#context.onSessionConfirmed(result.localIndex);
      }
    } catch (error) {
      if (!OsierError.is(error)) throw error;
      result.sendKeys.data.set(sendKey);
      this.#refuse(join, path, 'limit');
      peer.forgetWhenUnused();
      this.#parts.warnings.warn(error);
    } finally {
      wipe(sendKey);
    }
  }

  /** The caller has keys already, so the no is told under them. It takes no association: nobody could fill a node with those that it refuses. */
  #refuse(join: IncomingJoin, path: PathRecord, closeCode: CloseCode): void {
    const session = sessionConfigOf(join.result, path, { firstSend: 0n, firstReceive: 0n, preferred: true });
    const refusal = this.#context.engine.sealRefusal(session, closeNumber(closeCode));
    join.refuse(refusal);
    this.#send(path, refusal);
    this.#watch();
  }

  #watch(): void {
    if (this.#timer !== null || this.#isClosed) return;
    const delayMs = this.#responder.forgetExpired();
    if (delayMs === null) return;
    this.#timer = this.#context.runtime.setTimer(delayMs, () => {
      this.#timer = null;
      this.#watch();
    });
  }

  #send(path: PathRecord, datagram: Uint8Array): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }
}
