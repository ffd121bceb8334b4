import type { AssociationSink, PathSink } from '../engine/dispatch.js';
import { StreamTable } from '../engine/dispatch.js';
import type { Engine, PathRecord } from '../engine/engine.js';
import type { Flusher } from '../engine/flusher.js';
import type { OsierError } from '../errors/index.js';
import type { Cipher, HandshakeResult } from '../handshake/index.js';
import { type AssociationStream, abandonable, Waiters } from '../stream/index.js';
import { associationClosed, type CloseNotice } from './closing-errors.js';
import { PingTable } from './ping-table.js';

/** Whom an association belongs to: what it hears and cannot settle itself. */
export interface AssociationOwner {
  onStreamOpened(association: Association, stream: number, kind: number, head: Uint8Array): void;
  onConfirmed(association: Association): void;
  /** A session was confirmed, from a handshake that this end has played `role` in. */
  onKeysChanged(association: Association, role: HandshakeResult['role']): void;
  /** A responder's session was confirmed, or ended. */
  onSessionConfirmed(localIndex: number): void;
  onSessionDropped(localIndex: number): void;
  /** The last session ended before it was confirmed. */
  onUnused(association: Association): void;
  onResetHint(association: Association): void;
  /** Its packets go another way from now on. */
  onPathChanged(association: Association, path: PathRecord): void;
  /** Its streams have failed, and its counters are about to go. */
  onEnding(association: Association): void;
  /** The engine ended it. */
  onEnded(association: Association, error: OsierError): void;
}

/** What the handshake told about the peer. */
export interface AssociationFacts {
  /** What the peer calls this state of its own: 64 bits in hex. */
  readonly remoteToken: string;
  /** The peer's start: 128 bits in hex. */
  readonly remoteInstance: string;
  readonly cipher: Cipher;
  /** As {@link HandshakeResult.verified} of its first session. */
  readonly verified: 'id' | 'network';
  /** What the peer was told as this end's name for the state. */
  readonly localToken: Uint8Array;
}

/** What both ends know alike of a session. */
export interface SessionRank {
  /** Sum of the least packet numbers that the two messages told: grows with every packet, so that a later session has more. */
  readonly packetNumbers: bigint;
  /** The end with the smaller id began it. */
  readonly begunBySmaller: boolean;
}

/** Streams and packet numbers between two instances; see docs/architecture.md. */
export class Association implements AssociationSink {
  readonly handle: number;
  readonly facts: AssociationFacts;
  readonly streams = new StreamTable();
  pathSink: PathSink | null = null;
  readonly #engine: Engine;
  readonly #flusher: Flusher;
  readonly #owner: AssociationOwner;
  readonly #pings: PingTable;
  /** What {@link Association.word} waits for. */
  #word: Promise<number> | null = null;
  readonly #open = new Set<AssociationStream>();
  /** What this end was in the handshakes of unconfirmed sessions, by local index. */
  readonly #unconfirmed = new Map<number, HandshakeResult['role']>();
  readonly #creditWaiters = new Waiters<void>();
  #confirmed = false;
  #ended: OsierError | null = null;
  #closingBy: OsierError | null = null;
  #peerDraining = false;
  #openedHere = 0;
  #best: SessionRank | null = null;
  #remoteIndex = 0;
  /** The index of a session that can send, but does not count before the peer was heard under it. */
  #onTrial: number | null = null;

  constructor(engine: Engine, flusher: Flusher, owner: AssociationOwner, handle: number, facts: AssociationFacts) {
    this.#engine = engine;
    this.#flusher = flusher;
    this.#owner = owner;
    this.handle = handle;
    this.facts = facts;
    this.#pings = new PingTable((token) => {
      engine.ping(handle, token);
      flusher.mark();
    });
  }

  /** Something can be sent on it. */
  get isConfirmed(): boolean {
    return this.#confirmed;
  }

  /** The peer's index of the newest session. */
  get remoteIndex(): number {
    return this.#remoteIndex;
  }

  /** Why it ended; `null` while it has not. */
  get endedBy(): OsierError | null {
    return this.#ended;
  }

  /** Why no streams are opened here any more, as long as it has not ended. */
  get closingBy(): OsierError | null {
    return this.#closingBy;
  }

  /** The peer asked for no new streams. */
  get isPeerDraining(): boolean {
    return this.#peerDraining;
  }

  /** Somebody waits for what the other end sends. */
  get isAwaited(): boolean {
    return this.openStreams.size > 0 || this.#pings.isWaiting;
  }

  /** Streams that have not ended in both directions. */
  get openStreams(): ReadonlySet<AssociationStream> {
    return this.#open;
  }

  /** Of these, those that this end opened. */
  get openedHere(): number {
    return this.#openedHere;
  }

  /**
   * Whether new packets should go out on a session from now on. Both ends come to the same answer: the later session, and of two that were begun
   * at once the one begun by the smaller id.
   */
  prefers(session: SessionRank): boolean {
    const best = this.#best;
    if (best !== null) {
      const later = session.packetNumbers - best.packetNumbers;
      if (later < 0n || (later === 0n && best.begunBySmaller && !session.begunBySmaller)) return false;
    }
    this.#best = session;
    return true;
  }

  /**
   * A session of a handshake that the peer has finished was installed beside another association of the same peer: the peer may have gone on to that one
   * since. It is asked, and the session is confirmed by its first packet.
   */
  addSessionOnTrial({ localIndex, remoteIndex, role }: Pick<HandshakeResult, 'localIndex' | 'remoteIndex' | 'role'>): void {
    this.#remoteIndex = remoteIndex;
    this.#unconfirmed.set(localIndex, role);
    this.#onTrial = localIndex;
    // The answer is taken from the record; an association that ends without one is told by its own.
    this.#pings.ping(new AbortController().signal).catch(() => {});
  }

  /** A session was installed; an unconfirmed one waits for its first packet. */
  addSession({ localIndex, remoteIndex, isConfirmed, role }: Pick<HandshakeResult, 'localIndex' | 'remoteIndex' | 'isConfirmed' | 'role'>): void {
    this.#remoteIndex = remoteIndex;
    if (!isConfirmed) {
      this.#unconfirmed.set(localIndex, role);
      return;
    }
    this.#confirm();
    this.#owner.onKeysChanged(this, role);
  }

  /** Takes in a stream that exists in the engine. */
  addStream(stream: AssociationStream, openedHere: boolean): void {
    this.streams.set(stream);
    this.#open.add(stream);
    if (openedHere) this.#openedHere++;
    stream.closed.then(() => {
      this.#open.delete(stream);
      if (openedHere) this.#openedHere--;
    });
  }

  /** The peer says something. All that wait for a word at a time share one question. Rejects with {@link Association.endedBy} when it ends first. */
  async word(signal: AbortSignal): Promise<void> {
    if (this.#ended !== null) throw this.#ended;
    this.#word ??= this.#pings.ping(new AbortController().signal).finally(() => {
      this.#word = null;
    });
    await abandonable(this.#word, signal);
  }

  /** One round trip in microseconds. Rejects with {@link Association.endedBy} when it ends first. */
  async ping(signal: AbortSignal): Promise<number> {
    if (this.#ended !== null) throw this.#ended;
    return this.#pings.ping(signal);
  }

  /** Resolves when the peer may have allowed more streams. Rejects with {@link Association.endedBy} when it ends first. */
  creditForStreams(signal: AbortSignal): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return this.#creditWaiters.wait(signal);
  }

  /** No streams are opened here from now on: what waits for that fails with `error`. */
  stopOpening(error: OsierError): void {
    this.#closingBy ??= error;
    this.#creditWaiters.rejectAll(error);
  }

  /** Ends it at this end: tells the peer (when `notice` says how), fails what is open with `error`. */
  end(error: OsierError, notice: CloseNotice | null): void {
    if (this.#ended !== null) return;
    this.#fail(error);
    if (notice === null) this.#engine.dropAssociation(this.handle);
    else this.#engine.closeAssociation(this.handle, notice.closeCode, notice.reason);
    this.#flusher.mark();
  }

  // ---- from the engine ----

  onStreamOpened(stream: number, kind: number, head: Uint8Array): void {
    this.#onHeard();
    this.#owner.onStreamOpened(this, stream, kind, head);
  }

  onSessionConfirmed(localIndex: number): void {
    const role = this.#unconfirmed.get(localIndex);
    this.#unconfirmed.delete(localIndex);
    this.#owner.onSessionConfirmed(localIndex);
    this.#confirm();
    if (role !== undefined) this.#owner.onKeysChanged(this, role);
  }

  onSessionDropped(localIndex: number): void {
    this.#unconfirmed.delete(localIndex);
    this.#owner.onSessionDropped(localIndex);
    if (!this.#confirmed && this.#unconfirmed.size === 0) this.#owner.onUnused(this);
  }

  onPong(token: number, rttMicros: number): void {
    this.#onHeard();
    this.#pings.onPong(token, rttMicros);
  }

  onResetHint(): void {
    this.#owner.onResetHint(this);
  }

  onMoreStreams(): void {
    this.#creditWaiters.resolveAll();
  }

  onDraining(): void {
    this.#peerDraining = true;
    this.#creditWaiters.resolveAll();
  }

  onPathChanged(path: PathRecord): void {
    this.#owner.onPathChanged(this, path);
  }

  onClosed(cause: number, closeCode: number, silentMs: number, reason: Uint8Array): void {
    if (this.#ended !== null) return;
    const error = associationClosed(cause, closeCode, silentMs, reason);
    this.#fail(error);
    this.#owner.onEnded(this, error);
  }

  #onHeard(): void {
    const localIndex = this.#onTrial;
    this.#onTrial = null;
    if (localIndex !== null) this.onSessionConfirmed(localIndex);
  }

  #confirm(): void {
    if (this.#confirmed) return;
    this.#confirmed = true;
    this.#owner.onConfirmed(this);
  }

  #fail(error: OsierError): void {
    this.#ended = error;
    for (const stream of [...this.#open]) stream.failWithAssociation(error);
    this.#creditWaiters.rejectAll(error);
    this.#pings.fail(error);
    // The engine tells nothing more of them.
    for (const localIndex of this.#unconfirmed.keys()) this.#owner.onSessionDropped(localIndex);
    this.#unconfirmed.clear();
    this.#owner.onEnding(this);
  }
}
