import type { PathRecord } from '../engine/engine.js';
import { type OsierError, osierError } from '../errors/index.js';
import { type HandshakeResult, wipeKeys } from '../handshake/index.js';
import { routeIdOfNodeId } from '../identity/index.js';
import { Association, type AssociationOwner } from './association.js';
import { type CloseNotice, peerClosed, peerRestarted } from './closing-errors.js';
import type { PeerContext } from './context.js';
import { sessionConfigOf } from './session-config.js';

/** Associations of one peer that may be on trial at once: one for each start or state of the peer that asked of late. */
const CANDIDATES_MAX = 4;

/** What becomes of associations. */
export interface AssociationSetOwner {
  /** A handshake that told the peer this end's token may still be answered. */
  readonly isDialing: boolean;
  onStreamOpened(association: Association, stream: number, kind: number, head: Uint8Array): void;
  /** `association` is the peer's from now on. One before it has ended already, and was told by `onLost`. */
  onEstablished(association: Association): void;
  /** `association`, the peer's, has a new session, from a handshake that this end has played `role` in. */
  onKeysChanged(association: Association, role: HandshakeResult['role']): void;
  /** The peer's association ended, by the peer, by time, or by another that replaced it. */
  onLost(association: Association, error: OsierError): void;
  onResetHint(association: Association): void;
  /** The packets of `association`, the peer's, go another way. */
  onPathChanged(association: Association, path: PathRecord): void;
  /** One of any kind is about to end: its counters can be read for the last time. */
  onEnding(association: Association): void;
  /** One on trial came to nothing. */
  onCandidateGone(): void;
}

/**
 * The associations of one peer: the current one, and those on trial. Decides which one a session belongs to by the two tokens; see
 * docs/architecture.md. A token is this end's name for its state towards the peer: drawn when the state begins, gone when it ends. Each association keeps the
 * one that its peer was told.
 */
export class AssociationSet implements AssociationOwner {
  readonly #context: PeerContext;
  readonly #owner: AssociationSetOwner;
  /** The lowest bit of the stream ids that this end opens. */
  readonly #parity: 0 | 1;
  readonly #candidates = new Map<string, Association>();
  #token: Uint8Array | null = null;
  #current: Association | null = null;

  constructor(context: PeerContext, peerIsGreater: boolean, owner: AssociationSetOwner) {
    this.#context = context;
    this.#owner = owner;
    this.#parity = peerIsGreater ? 0 : 1;
  }

  /** The one that streams use; `null` while not connected. */
  get current(): Association | null {
    return this.#current;
  }

  /** Neither a current one nor one on trial. */
  get isEmpty(): boolean {
    return this.#current === null && this.#candidates.size === 0;
  }

  /** This end's token: that of the current association, and the same until that ends; see {@link AssociationSet.forgetTokenWhenUnused} for where there is none. */
  get token(): Uint8Array {
    this.#token ??= this.#context.runtime.randomBytes(8);
    return this.#token;
  }

  /** This end's token as the peer's state of `remoteToken` was told it. */
  tokenFor(remoteToken: string): Uint8Array {
    return this.#find(remoteToken)?.facts.localToken ?? this.token;
  }

  /** Whether there is an association with the peer's state of this token, current or on trial. */
  has(remoteToken: string): boolean {
    return this.#find(remoteToken) !== null;
  }

  /** The least packet number of the next session, as a handshake message tells it to a peer whose token is not known yet. */
  get nextPacketNumber(): bigint {
    return this.#current === null ? 0n : this.#context.engine.nextPacketNumber(this.#current.handle);
  }

  /** As {@link AssociationSet.nextPacketNumber}, when the peer's token is known. */
  nextPacketNumberFor(remoteToken: string): bigint {
    const association = this.#find(remoteToken);
    return association === null ? 0n : this.#context.engine.nextPacketNumber(association.handle);
  }

  /**
   * Installs the keys of a finished handshake, and wipes them here. False: its association has just ended, and another handshake is needed. Throws
   * LIMIT when the engine takes no more associations. `localToken`: what the peer was told as this end's token before this end knew whom it told; it is
   * this end's from the confirmation on.
   */
  install(result: HandshakeResult, path: PathRecord, localToken: Uint8Array | null = null): boolean {
    let isInstalled = false;
    try {
      isInstalled = this.#install(result, path, localToken);
      return isInstalled;
    } finally {
      wipeKeys(result);
      if (!isInstalled && result.role === 'responder') this.#context.onSessionDropped(result.localIndex);
    }
  }

  /** Ends everything: the next handshake begins another state. `notice`: what the peer hears; `null`: nothing. */
  endState(error: OsierError, notice: CloseNotice | null): void {
    const current = this.#current;
    this.#current = null;
    if (current !== null) this.#end(current, error, notice);
    for (const candidate of this.#candidates.values()) this.#end(candidate, error, notice);
    this.#candidates.clear();
    this.#token = null;
  }

  /** The state ends, and its token with it, when neither an association nor a dial uses it. */
  forgetTokenWhenUnused(): void {
    if (this.isEmpty && !this.#owner.isDialing) this.#token = null;
  }

  // ---- from an association ----

  onStreamOpened(association: Association, stream: number, kind: number, head: Uint8Array): void {
    this.#owner.onStreamOpened(association, stream, kind, head);
  }

  onConfirmed(association: Association): void {
    this.#endCandidatesUpTo(association);
    const replaced = this.#current;
    this.#current = association;
    this.#token = association.facts.localToken;
    if (replaced !== null) {
      const restarted = replaced.facts.remoteInstance !== association.facts.remoteInstance;
      const error = restarted ? peerRestarted() : peerClosed('remote', 'idle', '');
      this.#end(replaced, error, null);
      this.#owner.onLost(replaced, error);
    }
    this.#owner.onEstablished(association);
  }

  onKeysChanged(association: Association, role: HandshakeResult['role']): void {
    if (association === this.#current) this.#owner.onKeysChanged(association, role);
  }

  onSessionConfirmed(localIndex: number): void {
    this.#context.onSessionConfirmed(localIndex);
  }

  onSessionDropped(localIndex: number): void {
    this.#context.onSessionDropped(localIndex);
  }

  onUnused(association: Association): void {
    this.#endCandidate(association);
    this.#onCandidateGone();
  }

  onResetHint(association: Association): void {
    this.#owner.onResetHint(association);
  }

  onPathChanged(association: Association, path: PathRecord): void {
    if (association === this.#current) this.#owner.onPathChanged(association, path);
  }

  onEnding(association: Association): void {
    this.#owner.onEnding(association);
  }

  onEnded(association: Association, error: OsierError): void {
    if (association !== this.#current) {
      this.#candidates.delete(association.facts.remoteToken);
      this.#onCandidateGone();
      return;
    }
    this.#current = null;
    // Also where a dial has told it: the peer, which may have this association still, would go on with it.
    this.#token = null;
    this.#owner.onLost(association, error);
  }

  #onCandidateGone(): void {
    this.forgetTokenWhenUnused();
    this.#owner.onCandidateGone();
  }

  #install(result: HandshakeResult, path: PathRecord, localToken: Uint8Array | null): boolean {
    const known = this.#find(result.remoteToken);
    const association = known ?? this.#create(result, localToken);
    this.#context.observer.onSession(result, known?.isConfirmed === true);
    const isInitiator = result.role === 'initiator';
    const begunBySmaller = isInitiator === (this.#parity === 0);
    const config = sessionConfigOf(result, path, {
      // What was told counts for an association that both ends know; another begins with packet 0.
      firstSend: known?.isConfirmed ? result.firstSend : 0n,
      firstReceive: known?.isConfirmed ? result.firstReceive : 0n,
      preferred: association.prefers({ packetNumbers: result.firstSend + result.firstReceive, begunBySmaller }),
    });
    const isInstalled = this.#context.engine.installSession(association.handle, config);
    this.#context.flusher.mark();
    if (isInstalled && localToken !== null && this.#current !== null) association.addSessionOnTrial(result);
    else if (isInstalled) association.addSession(result);
    else if (association !== this.#current) this.#endCandidate(association);
    // The end of the current one is told by its own record.
    return isInstalled;
  }

  #find(remoteToken: string): Association | null {
    const current = this.#current;
    if (current !== null && current.facts.remoteToken === remoteToken) return current;
    return this.#candidates.get(remoteToken) ?? null;
  }

  #create(result: HandshakeResult, localToken: Uint8Array | null): Association {
    const { engine, flusher, dispatcher } = this.#context;
    const { maxData, maxStreamData, maxStreams } = result.remoteCredit;
    const handle = engine.createAssociation({
      parity: this.#parity,
      peerMaxData: maxData,
      peerMaxStreamData: maxStreamData,
      peerMaxStreams: maxStreams,
      peerRouteId: routeIdOfNodeId(result.peer),
    });
    if (handle < 0) {
      throw osierError('ERR_OSIER_LIMIT', 'This node holds as many peers as its limits allow: raise limits.peers or limits.memoryBytes.', {
        limit: 'peers',
      });
    }
    this.#makeRoom();
    const { remoteToken, remoteInstance, cipher, verified } = result;
    const facts = { remoteToken, remoteInstance, cipher, verified, localToken: localToken ?? this.token };
    const association = new Association(engine, flusher, this, handle, facts);
    dispatcher.associations.set(association);
    this.#candidates.set(remoteToken, association);
    return association;
  }

  #makeRoom(): void {
    for (const oldest of this.#candidates.values()) {
      if (this.#candidates.size < CANDIDATES_MAX) return;
      this.#endCandidate(oldest);
    }
  }

  /** `confirmed` is one on trial no more; those that were there before it are out of date. */
  #endCandidatesUpTo(confirmed: Association): void {
    for (const candidate of this.#candidates.values()) {
      if (candidate === confirmed) break;
      this.#endCandidate(candidate);
    }
    this.#candidates.delete(confirmed.facts.remoteToken);
  }

  #endCandidate(candidate: Association): void {
    this.#candidates.delete(candidate.facts.remoteToken);
    this.#end(candidate, peerClosed('local', 'normal', ''), null);
  }

  #end(association: Association, error: OsierError, notice: CloseNotice | null): void {
    this.#context.dispatcher.associations.delete(association.handle);
    association.end(error, notice);
  }
}
