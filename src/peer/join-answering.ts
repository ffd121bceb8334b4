import type { PathRecord } from '../engine/engine.js';
import { type CloseCode, OsierError } from '../errors/index.js';
import { type HandshakeParty, type IncomingGreeting, type IncomingJoin, JoinResponder, wipeKeys } from '../handshake/index.js';
import { compareNodeIds } from '../identity/index.js';
import type { Admittance } from './admittance.js';
import { closeNumber } from './closing-errors.js';
import type { PeerContext } from './context.js';
import type { MeshPeer } from './mesh-peer.js';
import { pathOf } from './path-record.js';
import type { PeerTable } from './peer-table.js';
import { sessionConfigOf } from './session-config.js';

/** Answers those who join this node by its address. */
export class JoinAnswering {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #admittance: Admittance;
  readonly #associationsMax: number;
  readonly #responder: JoinResponder;

  constructor(context: PeerContext, peers: PeerTable, admittance: Admittance, associationsMax: number) {
    this.#context = context;
    this.#peers = peers;
    this.#admittance = admittance;
    this.#associationsMax = associationsMax;
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

  /** Whether a message 3 to `localIndex` is waited for. */
  isOpen(localIndex: number): boolean {
    return this.#responder.isOpen(localIndex);
  }

  /** A message 1, by the network secret at index `network`. */
  onGreeting(path: PathRecord, datagram: Uint8Array, network: number): void {
    const received = this.#responder.receive(datagram, network);
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
    const { join } = received;
    this.#admittance.decide(join.caller, path, (admitted) => this.#place(join, path, admitted));
  }

  /** Who lives in another shard is called by that, and this join is forgotten. */
  #place(join: IncomingJoin, path: PathRecord, admitted: boolean): void {
    const { routing, engine, sockets } = this.#context;
    if (!routing || !admitted) {
      this.#admit(join, path, admitted);
      return;
    }
    routing.claim(join.caller, pathOf(path, sockets).remote, (isHere) => {
      if (isHere) {
        this.#admit(join, path, true);
        return;
      }
      engine.releaseIndex(join.result.localIndex);
      wipeKeys(join.result);
    });
  }

  #answer(greeting: IncomingGreeting, path: PathRecord): void {
    if (this.#context.closedBy !== null) {
      this.#send(path, greeting.refuse('shutdown'));
      return;
    }
    const localIndex = this.#context.engine.reserveIndex(greeting.mac1Key);
    this.#send(path, localIndex === 0 ? greeting.refuse('limit') : greeting.answer(localIndex));
  }

  #admit(join: IncomingJoin, path: PathRecord, admitted: boolean): void {
    const { result } = join;
    try {
      const peer = this.#peerOf(join, admitted);
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

  #peerOf(join: IncomingJoin, admitted: boolean): MeshPeer | CloseCode {
    const { closedBy, dispatcher } = this.#context;
    if (closedBy !== null) return 'shutdown';
    if (!admitted) return 'refused';
    if (dispatcher.associations.size >= this.#associationsMax) return 'limit';
    try {
      const peer = this.#peers.obtain(join.caller);
      return peer.closing === null ? peer : 'shutdown';
    } catch (error) {
      if (!OsierError.is(error, 'ERR_OSIER_LIMIT')) throw error;
      return 'limit';
    }
  }

  #install(peer: MeshPeer, { result, token }: IncomingJoin, path: PathRecord): void {
    try {
      if (!peer.onSession(result, path, token)) return;
      this.#context.onSessionConfirmed(result.localIndex);
    } catch (error) {
      if (!OsierError.is(error)) throw error;
      this.#context.engine.releaseIndex(result.localIndex);
      this.#context.warn(error);
    }
  }

  /** The caller has keys already, so the no is told under them, by an association that nobody else hears of. */
  #refuse({ caller, result }: IncomingJoin, path: PathRecord, closeCode: CloseCode): void {
    const { engine, flusher, id } = this.#context;
    const { maxData, maxStreamData, maxStreams } = result.remoteCredit;
    const parity = compareNodeIds(id, caller) < 0 ? 0 : 1;
    const handle = engine.createAssociation({ parity, peerMaxData: maxData, peerMaxStreamData: maxStreamData, peerMaxStreams: maxStreams });
    if (handle < 0) {
      engine.releaseIndex(result.localIndex);
      return;
    }
    engine.installSession(handle, sessionConfigOf(result, path, { firstSend: 0n, firstReceive: 0n, preferred: true }));
    engine.closeAssociation(handle, closeNumber(closeCode), new Uint8Array(0));
    flusher.mark();
  }

  #send(path: PathRecord, datagram: Uint8Array): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }
}
