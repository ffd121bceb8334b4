import '../engine/dispose-symbols.js';
import { EventEmitter } from 'node:events';
import type { Path, Peer, PeerEvents, PeerState } from '../api/peers.js';
import type { PeerStats } from '../api/stats.js';
import type { ByteStream, OpenOptions, StreamKind, StreamOfKind } from '../api/streams.js';
import type { CloseOptions, CloseReport, TimedWaitOptions } from '../api/waiting.js';
import type { PathRecord } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import { durationOption, reasonOption, rejecting } from '../errors/option-checks.js';
import type { HandshakeResult } from '../handshake/index.js';
import { compareNodeIds, type HostAndPort, type NodeId } from '../identity/index.js';
import type { Association } from './association.js';
import { AssociationSet, type AssociationSetOwner } from './association-set.js';
import { AssociationUse } from './association-use.js';
import { closeNumber, duplicateIdentity, peerClosed } from './closing-errors.js';
import type { PeerContext } from './context.js';
import { Dialing } from './dialing.js';
import { InstanceHistory } from './instance-history.js';
import type { Join } from './join.js';
import { KnownHosts } from './known-hosts.js';
import { openStream, parseOpenOptions } from './open-stream.js';
import { pathOf } from './path-record.js';
import { type PeerCloseCause, PeerClosing } from './peer-closing.js';
import { PeerStatus } from './peer-status.js';
import { Reconnector } from './reconnector.js';
import { RekeyTimer } from './rekey-timer.js';
import { openTraced } from './traced-open.js';
import { TrafficTotals } from './traffic-totals.js';

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
export class MeshPeer extends EventEmitter<PeerEvents> implements Peer, AssociationSetOwner {
  readonly id: NodeId;
  readonly associations: AssociationSet;
  readonly #context: PeerContext;
  readonly #totals: TrafficTotals;
  readonly #reconnector: Reconnector;
  readonly #rekeyTimer: RekeyTimer;
  readonly #dialing: Dialing;
  readonly #use: AssociationUse;
  readonly #closing: PeerClosing;
  readonly #hosts = new KnownHosts();
  readonly #status: PeerStatus;
  /** Who wants it kept connected. */
  readonly #keptFor = new Set<string>();
  readonly #instances = new InstanceHistory();
  #join: Join | null = null;
  #verified: 'id' | 'network' = 'network';
  #askedById = false;
  #wasConnected = false;

  constructor(context: PeerContext, id: NodeId) {
    super();
    this.id = id;
    this.#context = context;
    this.associations = new AssociationSet(context, compareNodeIds(context.id, id) < 0, this);
    this.#status = new PeerStatus(this, context.observer);
    this.#totals = new TrafficTotals(context.engine);
    this.#dialing = new Dialing(context, this, this.#status);
    this.#use = new AssociationUse(context, this, this.#dialing);
    this.#rekeyTimer = new RekeyTimer(context.runtime, {
      packets: () => this.associations.current?.packets ?? 0,
      rekey: () => this.#dialing.again(),
    });
    this.#reconnector = new Reconnector(context.runtime, {
      connect: (options) => this.connect(options),
      isConnected: () => this.associations.current !== null,
    });
    this.#closing = new PeerClosing(context, {
      associations: this.associations,
      onClosing: ({ error }) => this.#stopConnecting(error),
      onDrained: (cause) => this.#end(cause),
    });
  }

  get state(): PeerState {
    return this.#status.state;
  }

  get verified(): 'id' | 'network' {
    return this.#verified;
  }

  get path(): Path | null {
    return this.#status.path;
  }

  /** Where a connection may be tried. */
  get knownHosts(): readonly HostAndPort[] {
    return this.#hosts.all;
  }

  get isDialing(): boolean {
    return this.#dialing.isGoingOn || this.#join !== null;
  }

  /** The close that was begun; `null` before. */
  get closing(): Promise<CloseReport> | null {
    return this.#closing.report;
  }

  /** Nobody would miss it before it connects again. */
  get isDispensable(): boolean {
    return this.associations.isEmpty && !this.isDialing && !this.#reconnector.isWanted;
  }

  /** Somebody here asked for it. */
  get isAskedFor(): boolean {
    return this.#hosts.areGiven;
  }

  /** Leaves no trace of a peer that never came to anything. */
  forgetWhenUnused(): void {
    if (!this.#wasConnected && this.isDispensable) this.#context.onGone(this);
  }

  /** Adds to where the peer is looked for. */
  addHosts(hosts: readonly HostAndPort[]): void {
    this.#hosts.add(hosts);
  }

  /** Somebody here connects by its id, which counts from when the peer is connected. */
  askById(): void {
    this.#askedById = true;
    if (this.associations.current !== null) this.#verified = 'id';
  }

  get isAskedById(): boolean {
    return this.#askedById;
  }

  /** After a loss, connects again at once and until it is closed, or until every `reason` given was released. */
  keepConnected(reason: string): void {
    this.#keptFor.add(reason);
    this.#reconnector.keep();
  }

  /** See {@link MeshPeer.keepConnected}. */
  releaseConnection(reason: string): void {
    if (!this.#keptFor.delete(reason) || this.#keptFor.size > 0) return;
    this.#reconnector.release();
    this.forgetWhenUnused();
  }

  /** `join` waits for this peer to be connected. */
  beginJoin(join: Join): void {
    this.#join = join;
  }

  /** A join of this end has found it, and waits for its confirmation. */
  get isJoining(): boolean {
    return this.#join !== null;
  }

  endJoin(join: Join): void {
    if (this.#join !== join) return;
    this.#join = null;
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
    return openTraced(this.#context, this.id, request, options?.metadata, (traced) =>
      this.#use.with(options, (association, signal) => openStream(this.#context, this, association, traced, signal)),
    );
  }

  async ping(options?: TimedWaitOptions): Promise<number> {
    const rttMicros = await this.#use.with(options, (association, signal) => association.ping(signal));
    return rttMicros / 1_000;
  }

  stats(): PeerStats {
    return this.#totals.stats(this.associations.current, this.#status.pathChanges);
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = durationOption('timeoutMs', options?.timeoutMs, 5_000);
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

  /** See {@link AssociationSet.install}; `path` led to the peer. `token`: what the peer was told as this end's, where it was not the present one. */
  onSession(result: HandshakeResult, path: PathRecord, token: Uint8Array | null = null): boolean {
    const isInstalled = this.associations.install(result, path);
    if (isInstalled && token !== null) this.associations.adoptToken(token);
    return isInstalled;
  }

  // ---- from the associations ----

  onStreamOpened(association: Association, stream: number, kind: number, head: Uint8Array): void {
    this.#context.serve(this, association, stream, kind, head);
  }

  onEstablished(association: Association): void {
    const { engine, sockets } = this.#context;
    const record = engine.associationPath(association.handle);
    const path = record === null ? null : pathOf(record, sockets);
    if (path !== null) this.#hosts.saw(path.remote);
    const { remoteInstance, cipher, verified } = association.facts;
    if (this.#instances.alternates(remoteInstance)) this.#context.warn(duplicateIdentity(this.id));
    if (verified === 'id' || this.#askedById) this.#verified = 'id';
    this.#status.enter({ status: 'connected', instance: remoteInstance, cipher });
    this.#status.moveTo(path, { kind: 'connected' });
    this.#context.log('info', { peer: this.id, path }, 'A peer is connected.');
    if (!this.#wasConnected) {
      this.#wasConnected = true;
      this.#context.onKnown(this);
    }
    this.#dialing.take()?.succeed();
    this.#join?.succeed(this, association);
  }

  onKeysChanged(_association: Association, role: HandshakeResult['role']): void {
    this.#rekeyTimer.restart(role);
  }

  onPathChanged(_association: Association, record: PathRecord): void {
    const to = pathOf(record, this.#context.sockets);
    this.#hosts.saw(to.remote);
    this.#status.roamTo(to);
  }

  onEnding(association: Association): void {
    this.#totals.add(association);
  }

  onLost(_association: Association, error: OsierError): void {
    this.#rekeyTimer.stop();
    this.#status.enter({ status: 'idle' });
    this.#status.moveTo(null, { kind: 'disconnected', error });
    this.#context.log('info', { peer: this.id, code: error.code }, `A peer is not connected any more: ${error.message}`);
    this.#reconnector.onLost();
  }

  onResetHint(): void {
    this.#dialing.onResetHint();
  }

  onCandidateGone(): void {
    this.forgetWhenUnused();
  }

  // ---- from its close ----

  #stopConnecting(error: OsierError): void {
    this.#reconnector.stop();
    this.#dialing.take()?.fail(error);
    this.#join?.fail(error);
  }

  #end({ error, notice, stateError }: PeerCloseCause): void {
    this.#rekeyTimer.stop();
    this.associations.endState(error, notice);
    this.#context.onGone(this);
    this.#status.enter({ status: 'closed', error: stateError });
    this.#status.moveTo(null, { kind: 'disconnected', error: stateError });
  }
}
