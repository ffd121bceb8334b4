import '../engine/dispose-symbols.js';
import { EventEmitter } from 'node:events';
import type { Path, PathCause, Peer, PeerEvents, PeerState } from '../api/peers.js';
import type { PeerStats } from '../api/stats.js';
import type { ByteStream, OpenOptions, StreamKind, StreamOfKind } from '../api/streams.js';
import type { CloseOptions, CloseReport, TimedWaitOptions } from '../api/waiting.js';
import type { PathRecord } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import { closeTimeoutOption, reasonOption, rejecting } from '../errors/option-checks.js';
import type { HandshakeResult } from '../handshake/index.js';
import type { HostAndPort, NodeId } from '../identity/index.js';
import { type AssociationStream, Waiters } from '../stream/index.js';
import type { Association } from './association.js';
import type { AssociationSet } from './association-set.js';
import { AssociationUse } from './association-use.js';
import { closeNumber, peerClosed } from './closing-errors.js';
import type { PeerContext } from './context.js';
import type { Join } from './join.js';
import { type MakeStream, type OpenRequest, openStream, parseOpenOptions } from './open-stream.js';
import { type PeerCloseCause, PeerClosing } from './peer-closing.js';
import { PeerConnection } from './peer-connection.js';
import { streamOf } from './peer-stream.js';
import { Reconnector } from './reconnector.js';
import { openTraced } from './traced-open.js';

/**
 * The peer of one id, whatever becomes of its connections.
 *
 * ```text
 *   idle --connect, openStream, ping--> connecting --confirmed--> connected
 *     ^                                    |                       |
 *     +-------gave up----------------------+      ended by the peer, by time or by a failure
 *     +------------------------------------------------------------+
 *   any --close()--> closed
 * ```
 */
export class MeshPeer extends EventEmitter<PeerEvents> implements Peer {
  readonly id: NodeId;
  readonly #context: PeerContext;
  readonly #connection: PeerConnection;
  readonly #reconnector: Reconnector;
  readonly #use: AssociationUse;
  readonly #closing: PeerClosing;
  /** Those that wait for a way to it. */
  readonly #seekers = new Waiters<void>();
  #waypoint: NodeId | null = null;
  /** Who wants it kept connected. */
  readonly #keptFor = new Set<string>();
  /** Those that have found it and wait for its confirmation, one for each address that it was found at. */
  readonly #joins = new Set<Join>();

  constructor(context: PeerContext, id: NodeId) {
    super();
    this.id = id;
    this.#context = context;
    this.#connection = new PeerConnection(context, this, {
      onConnected: (association) => {
        this.#connection.dialing.take()?.succeed();
        for (const join of [...this.#joins]) join.succeed(this, association);
      },
      onLost: () => this.#reconnector.onLost(),
    });
    this.#use = new AssociationUse(context, this, this.#connection.dialing);
    this.#reconnector = new Reconnector(context.runtime, {
      connect: (options) => this.connect(options),
      isConnected: () => this.associations.current !== null,
    });
    this.#closing = new PeerClosing(context, {
      associations: this.associations,
      onClosing: ({ error }) => this.#stopConnecting(error),
      onDrained: (cause) => this.#connection.end(cause),
    });
  }

  get associations(): AssociationSet {
    return this.#connection.associations;
  }

  get state(): PeerState {
    return this.#connection.status.state;
  }

  get verified(): 'id' | 'network' {
    return this.#connection.verified;
  }

  get path(): Path | null {
    return this.#connection.status.path;
  }

  /** Where a connection may be tried. New keys are asked for where the association is, so that both ends stay on its path. */
  get knownHosts(): readonly HostAndPort[] {
    if (this.#waypoint !== null || this.#connection.isRelayed) return [];
    const announced = this.#context.mesh?.hostsOf(this.id) ?? [];
    return this.#connection.hosts.with(announced, this.associations.current !== null);
  }

  /** The path through others on which it may be tried; `null` while no route leads there, and where it is connected directly. */
  get relayedPath(): PathRecord | null {
    if (this.associations.current !== null && !this.#connection.isRelayed) return null;
    return this.wayThrough;
  }

  /** The path through others to it, taken or not. */
  get wayThrough(): PathRecord | null {
    return this.#context.mesh?.relayedPath(this.id, this.#waypoint) ?? null;
  }

  /** Somewhere a connection can be tried. */
  get hasWay(): boolean {
    return this.knownHosts.length > 0 || this.relayedPath !== null;
  }

  /** The relay that it is to be reached through; `null`: by the best way there is. */
  get waypoint(): NodeId | null {
    return this.#waypoint;
  }

  /** Where it may be reached directly, in the order in which to try; empty for one that is to be reached through a relay. */
  get directHosts(): readonly HostAndPort[] {
    if (this.#waypoint !== null) return [];
    return this.#connection.hosts.with(this.#context.mesh?.hostsOf(this.id) ?? [], true);
  }

  /** From now on through this relay, and never directly; `null`: by the best way there is. */
  goThrough(waypoint: NodeId | null): void {
    if (this.#waypoint === waypoint) return;
    this.#waypoint = waypoint;
    this.onWays();
    const path = waypoint === null ? null : this.wayThrough;
    if (path !== null) this.#connection.moveTo(path, { kind: 'connected' });
  }

  /** Where it may be reached has changed: its addresses, or the way through others. */
  onWays(): void {
    if (!this.hasWay) return;
    this.#connection.dialing.onHosts();
    this.#seekers.resolveAll();
    this.#reconnector.hurry();
  }

  /** Resolves when there is somewhere to try. */
  async wayFound(signal: AbortSignal): Promise<void> {
    await this.#seekers.wait(signal);
  }

  /** See {@link PeerConnection.moveTo}. */
  moveTo(path: PathRecord, cause: PathCause): boolean {
    return this.#connection.moveTo(path, cause);
  }

  /** See {@link PeerConnection.followRoute}. */
  followRoute(cause: PathCause): void {
    this.#connection.followRoute(cause);
  }

  /** See {@link PeerConnection.isRelayed}. */
  get isRelayed(): boolean {
    return this.#connection.isRelayed;
  }

  get isDialing(): boolean {
    return this.#connection.dialing.isGoingOn || this.isJoining;
  }

  /** See {@link PeerConnection.duplicate}. */
  get duplicate(): OsierError | null {
    return this.#connection.duplicate;
  }

  /** The close that was begun; `null` before. */
  get closing(): Promise<CloseReport> | null {
    return this.#closing.report;
  }

  /** It is, or is to be, connected, and is not yet. */
  get isSought(): boolean {
    return this.associations.current === null && (this.isDialing || this.#reconnector.isWanted);
  }

  /** Nobody would miss it before it connects again. */
  get isDispensable(): boolean {
    return this.associations.isEmpty && !this.isDialing && !this.#reconnector.isWanted && this.#seekers.isEmpty;
  }

  /** Somebody here asked for it. */
  get isAskedFor(): boolean {
    return this.#connection.hosts.areGiven;
  }

  /** Leaves no trace of a peer that never came to anything. */
  forgetWhenUnused(): void {
    if (!this.#connection.wasMade && this.isDispensable) this.#context.onGone(this);
  }

  /** Adds to where the peer is looked for. */
  addHosts(hosts: readonly HostAndPort[]): void {
    this.#connection.hosts.add(hosts);
    this.#connection.dialing.onHosts();
  }

  /** The node's network secrets are others: what is under way goes on under these. */
  onSecrets(): void {
    this.#connection.dialing.onSecrets();
    this.#reconnector.hurry();
  }

  /** Somebody here connects by its id, which counts from when the peer is connected. */
  askById(): void {
    this.#connection.askById();
  }

  get isAskedById(): boolean {
    return this.#connection.isAskedById;
  }

  /** After a loss, connects again at once and until it is closed, or until every `reason` given was released. See {@link Reconnector.keep}. */
  keepConnected(reason: string, begin?: 'at-once' | 'after-pause'): void {
    this.#keptFor.add(reason);
    this.#reconnector.keep(begin);
  }

  /** {@link MeshPeer.keepConnected} was called with `reason`, which was not released. */
  isKeptFor(reason: string): boolean {
    return this.#keptFor.has(reason);
  }

  /** See {@link MeshPeer.keepConnected}. */
  releaseConnection(reason: string): void {
    if (!this.#keptFor.delete(reason) || this.#keptFor.size > 0) return;
    this.#reconnector.release();
    this.forgetWhenUnused();
  }

  /** It joined this node from `host`, where it is to be called by its id. */
  callBack(host: HostAndPort): void {
    this.#connection.hosts.saw(host);
    this.#connection.dialing.again();
  }

  /** `join` waits for this peer to be connected. */
  beginJoin(join: Join): void {
    this.#joins.add(join);
  }

  /** A join of this end has found it, and waits for its confirmation. */
  get isJoining(): boolean {
    return this.#joins.size > 0;
  }

  endJoin(join: Join): void {
    if (!this.#joins.delete(join)) return;
    this.associations.forgetTokenWhenUnused();
    this.forgetWhenUnused();
  }

  /** Resolves when connected; the options are those of everything that waits for the network. */
  async connect(options?: TimedWaitOptions): Promise<void> {
    await this.#use.with(options, async () => {});
  }

  openStream(protocol: string, options?: OpenOptions<'bytes'>): Promise<ByteStream>;
  openStream<K extends StreamKind>(protocol: string, options: OpenOptions<K> & { kind: K }): Promise<StreamOfKind[K]>;
  async openStream(protocol: string, options?: OpenOptions<StreamKind>): Promise<StreamOfKind[StreamKind]> {
    const request = parseOpenOptions(protocol, options);
    return openTraced(this.#context, this.id, request, options?.metadata, (traced) => this.openWith(traced, options, streamOf));
  }

  /** As {@link MeshPeer.openStream}, without a trace; `make` makes this end of it. */
  openWith<S extends AssociationStream>(request: OpenRequest, options: TimedWaitOptions | undefined, make: MakeStream<S>): Promise<S> {
    return this.#use.with(options, (association, signal) => openStream(this.#context, this, association, request, signal, make));
  }

  async ping(options?: TimedWaitOptions): Promise<number> {
    const rttMicros = await this.#use.with(options, (association, signal) => association.ping(signal));
    return rttMicros / 1_000;
  }

  /** What `use` makes of the association, which is there or made first. */
  with<T>(options: TimedWaitOptions | undefined, use: (association: Association, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#use.with(options, use);
  }

  stats(): PeerStats {
    return this.#connection.stats();
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = closeTimeoutOption(options?.timeoutMs);
      const reason = reasonOption(options?.reason);
      const error = peerClosed('local', 'normal', options?.reason ?? '');
      return this.closeWith(timeoutMs, { error, notice: { closeCode: closeNumber('normal'), reason }, stateError: null });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Ends for good: streams first, as far as `timeoutMs` allows. Once more: the close that is going on takes no longer than `timeoutMs` from now.
   */
  closeWith(timeoutMs: number, cause: PeerCloseCause): Promise<CloseReport> {
    return this.#closing.begin(timeoutMs, cause);
  }

  /** Its id is revoked: all that there is of it ends at once, for good, and the node there is told why. */
  revoke(error: OsierError): void {
    const notice = { closeCode: closeNumber('revoked'), reason: new Uint8Array(0) };
    // First, so that nothing else is told before.
    this.associations.endState(error, notice);
    void this.closeWith(0, { error, notice, stateError: error });
  }

  /** See {@link AssociationSet.install}; `path` led to the peer. `token`: what the peer was told as this end's, where it was not the present one. */
  onSession(result: HandshakeResult, path: PathRecord, token: Uint8Array | null = null): boolean {
    return this.associations.install(result, path, token);
  }

  #stopConnecting(error: OsierError): void {
    this.#reconnector.stop();
    this.associations.current?.stopOpening(error);
    this.#connection.dialing.take()?.fail(error);
    this.#seekers.rejectAll(error);
    for (const join of [...this.#joins]) join.fail(error);
  }
}
