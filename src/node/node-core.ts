import type { EventEmitter } from 'node:events';
import type { ConnectOptions, MeshNodeEvents, ReloadOptions } from '../api/node.js';
import type { Peer, SocketAddress } from '../api/peers.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { HandleOptions, Handler, HandlerRegistration, StreamKind } from '../api/streams.js';
import type { Clock, CloseOptions, CloseReport, Logger } from '../api/waiting.js';
import { Dispatcher, type NodeSink } from '../engine/dispatch.js';
import type { Engine } from '../engine/engine.js';
import { isDelivering } from '../engine/events.js';
import { Flusher } from '../engine/flusher.js';
import type { Runtime } from '../engine/runtime.js';
import { type OsierError, osierError } from '../errors/index.js';
import { choiceOption, durationOption, reasonOption, rejecting, signalOption } from '../errors/option-checks.js';
import { textOf } from '../errors/text-of.js';
import type { HandshakeFault, HandshakeParty } from '../handshake/index.js';
import { formatAddress, type HostAndPort, type NodeId, parseAddress } from '../identity/index.js';
import { Observer } from '../observe/index.js';
import {
  Answering,
  type Association,
  type Calling,
  closeNumber,
  JoinTable,
  type MeshPeer,
  nodeClosed,
  type PeerContext,
  PeerTable,
  safely,
} from '../peer/index.js';
import { abandonable } from '../stream/index.js';
import { engineConfigOf, handshakePartyOf, loadCredentials, networkSecretsOf } from './credentials.js';
import { HandlerTable } from './handler-table.js';
import { KeptPeers } from './kept-peers.js';
import { announcedHosts, bindSockets } from './listen-sockets.js';
import { NodeCounters } from './node-counters.js';
import type { ParsedNodeOptions } from './options.js';
import { type ParsedReload, parseReload } from './reload.js';
import { serveStream } from './serve-stream.js';

/** Why a peer is kept connected: a call asked for it. */
const BY_CALL = 'connect';

/** A node's parts and how they hang together; {@link MeshNode} is its public face. */
export class NodeCore implements PeerContext, NodeSink {
  readonly runtime: Runtime;
  readonly observer: Observer;
  readonly engine: Engine;
  party: HandshakeParty;
  readonly dispatcher: Dispatcher;
  readonly flusher: Flusher;
  readonly calls = new Map<number, Calling>();
  readonly peers: PeerTable;
  readonly #options: ParsedNodeOptions;
  readonly #handlers: HandlerTable;
  readonly #answering: Answering;
  readonly #joins: JoinTable;
  readonly #kept: KeptPeers;
  /** Settles when the reloads so far are done, one after another. */
  #reloaded: Promise<unknown> = Promise.resolve();
  readonly #counters: NodeCounters;
  #sockets: readonly SocketAddress[] = [];
  #closedBy: OsierError | null = null;
  #closing: Promise<CloseReport> | null = null;
  /** What ended the node; `null` for a close that somebody asked for. */
  #failure: OsierError | null = null;
  /** Where the node's events go; set before any can occur. */
  events: EventEmitter<MeshNodeEvents> | null = null;

  private constructor(options: ParsedNodeOptions, runtime: Runtime, makeParty: (engine: Engine) => HandshakeParty) {
    this.#options = options;
    this.runtime = runtime;
    this.dispatcher = new Dispatcher(this);
    this.engine = runtime.createEngine(engineConfigOf(options), (records) => this.dispatcher.dispatch(this.engine, records));
    this.flusher = new Flusher(
      () => this.engine.flush(),
      () => isDelivering(this.engine.events),
      runtime.atEndOfTick,
    );
    this.party = makeParty(this.engine);
    const { logger, tracing } = options;
    this.observer = new Observer({ id: this.party.id, runtime, logger, tracing, warn: (error) => this.warn(error), environment: process.env });
    this.peers = new PeerTable(this, options.limits.peers);
    this.#handlers = new HandlerTable(runtime);
    this.#answering = new Answering(this, this.peers, options.accept, options.limits.peers);
    this.#joins = new JoinTable(this, this.peers);
    this.#kept = new KeptPeers(this.id, this.peers, this.#joins);
    this.#counters = new NodeCounters(this.engine, this.peers);
  }

  /** Errors: as {@link MeshNode.create}. */
  static async start(options: ParsedNodeOptions, runtime: Runtime): Promise<NodeCore> {
    const credentials = await loadCredentials(options);
    const core = new NodeCore(options, runtime, (engine) => handshakePartyOf(options, credentials, runtime, engine.info()));
    try {
      core.#sockets = await bindSockets(runtime, core.engine, options.listen);
    } catch (error) {
      core.engine.close();
      core.observer.close();
      throw error;
    }
    core.engine.setRef(true);
    core.log('info', { node: core.id, sockets: core.#sockets }, 'The node has started.');
    return core;
  }

  /** Begins to answer, to connect to the peers of the options, and to keep them connected. Throws LIMIT when there are too many. */
  begin(): void {
    this.#answering.begin();
    this.#kept.replace(this.#options.peers);
  }

  get id(): NodeId {
    return this.party.id;
  }

  get clock(): Clock {
    return this.runtime.clock;
  }

  get sockets(): readonly SocketAddress[] {
    return this.#sockets;
  }

  get streamsPerPeer(): number {
    return this.#options.limits.streamsPerPeer;
  }

  get messageBytes(): number {
    return this.#options.limits.messageBytes;
  }

  get closedBy(): OsierError | null {
    return this.#closedBy;
  }

  get address(): string {
    const hosts = announcedHosts(this.#sockets, this.#options.advertise, this.runtime.machineAddresses());
    return formatAddress({ id: this.id, hosts });
  }

  async connect(target: string, options: ConnectOptions | undefined): Promise<Peer> {
    if (this.#closedBy !== null) throw this.#closedBy;
    const { id, hosts } = parseAddress(target);
    const reconnect = choiceOption('reconnect', options?.reconnect, ['on-use', 'always'], 'on-use');
    durationOption('timeoutMs', options?.timeoutMs, 0);
    const signal = signalOption(options?.signal);
    signal?.throwIfAborted();
    if (id === null) return this.#join(hosts, options, reconnect);
    if (id === this.id) {
      throw osierError('ERR_OSIER_BAD_ADDRESS', `'${target}' is the address of this node itself.`, { input: target });
    }
    // One that is being closed gets another object once that is done.
    for (let closing = this.peers.get(id)?.closing; closing; closing = this.peers.get(id)?.closing) await abandonable(closing, signal);
    if (this.#closedBy !== null) throw this.#closedBy;
    const peer = this.peers.obtain(id);
    peer.addHosts(hosts);
    peer.askById();
    await peer.connect(options);
    if (reconnect === 'always') peer.keepConnected(BY_CALL);
    return peer;
  }

  async #join(hosts: readonly HostAndPort[], options: ConnectOptions | undefined, reconnect: 'on-use' | 'always'): Promise<Peer> {
    const peer = await this.#joins.connect(hosts, options);
    if (reconnect === 'always') peer.keepConnected(BY_CALL);
    return peer;
  }

  reload(changes: ReloadOptions): Promise<void> {
    return rejecting(() => {
      const parsed = parseReload(changes);
      const reloaded = this.#reloaded.then(() => this.#reload(parsed));
      this.#reloaded = reloaded.catch(() => {});
      return reloaded;
    });
  }

  async #reload({ network, peers }: ParsedReload): Promise<void> {
    if (this.#closedBy !== null) throw this.#closedBy;
    const networkSecrets = network === null ? null : await networkSecretsOf(network);
    if (this.#closedBy !== null) throw this.#closedBy;
    // What can fail comes first.
    if (peers !== null) this.#kept.replace(peers);
    if (networkSecrets === null) return;
    this.party = { ...this.party, networkSecrets };
    this.#answering.useNetworkSecrets(networkSecrets);
  }

  handle(protocol: string, options: HandleOptions<StreamKind> | undefined, handler: Handler<never>): HandlerRegistration {
    if (this.#closedBy !== null) throw this.#closedBy;
    return this.#handlers.add(protocol, options, handler);
  }

  stats(): NodeStats {
    return this.#counters.stats();
  }

  info(): NodeInfo {
    return this.#counters.info();
  }

  close(options: CloseOptions | undefined): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = durationOption('timeoutMs', options?.timeoutMs, 5_000);
      const reason = reasonOption(options?.reason);
      this.#closing ??= this.#close(timeoutMs, reason);
      return this.#closing;
    });
  }

  async #close(timeoutMs: number, reason: Uint8Array): Promise<CloseReport> {
    this.#closedBy = nodeClosed(this.#failure);
    this.#joins.close(this.#closedBy);
    this.#handlers.drainAll();
    const reports = await Promise.all(this.#closePeers(this.#closedBy, timeoutMs, reason));
    this.#counters.freeze();
    this.engine.close();
    this.log('info', { node: this.id, code: this.#failure?.code ?? null }, 'The node is closed.');
    this.observer.close();
    safely(() => this.events?.emit('close', this.#failure));
    return reports.reduce(joined, { status: 'drained' });
  }

  #closePeers(error: OsierError, timeoutMs: number, reason: Uint8Array): Promise<CloseReport>[] {
    const cause = { error, notice: { closeCode: closeNumber('shutdown'), reason }, stateError: this.#failure };
    return this.peers.values().map((peer) => peer.closeWith(timeoutMs, cause));
  }

  // ---- for the peers ----

  serve(peer: MeshPeer, association: Association, handle: number, kind: number, head: Uint8Array): void {
    serveStream(this, this.#handlers, { peer, association, handle, kind, head });
  }

  onKnown(peer: MeshPeer): void {
    this.peers.publish(peer);
    safely(() => this.events?.emit('peer', peer));
  }

  onGone(peer: MeshPeer): void {
    this.peers.remove(peer);
  }

  onSessionConfirmed(localIndex: number): void {
    this.#counters.handshakesCompleted++;
    this.#answering.onConfirmed(localIndex);
    this.observer.onAnswerConfirmed(localIndex);
  }

  onSessionDropped(localIndex: number): void {
    this.#answering.onDropped(localIndex);
    this.observer.onAnswerDropped(localIndex);
  }

  onDialed(succeeded: boolean): void {
    if (succeeded) this.#counters.handshakesCompleted++;
    else this.#counters.handshakesFailed++;
  }

  onHandshakeFault(peer: NodeId | null, fault: HandshakeFault): void {
    if (peer === null) this.#counters.handshakesFailed++;
    this.log('debug', { peer, reason: fault.reason }, `A handshake message changed nothing: ${fault.message}`);
  }

  log(level: keyof Logger, fields: object, message: string): void {
    this.observer.log(level, fields, message);
  }

  warn(error: OsierError): void {
    this.log('warn', { code: error.code, details: error.details }, error.message);
    safely(() => this.events?.emit('warning', error));
  }

  // ---- from the engine ----

  onHandshake(localIndex: number, admissionKey: number, message: Uint8Array, proven: boolean): void {
    this.#answering.onHandshake(localIndex, admissionKey, message, proven);
  }

  onRefusalHint(localIndex: number, kind: number): void {
    this.calls.get(localIndex)?.onHint(kind);
  }

  onEngineFailed(message: string): void {
    this.#fail(osierError('ERR_OSIER_INTERNAL', `The engine failed, and the node with it: ${message}`, {}));
  }

  onFault(cause: unknown): void {
    this.#fail(osierError('ERR_OSIER_INTERNAL', `A fault in Osier ended the node: ${textOf(cause)}`, {}, { cause }));
  }

  #fail(error: OsierError): void {
    this.log('error', { code: error.code }, error.message);
    this.#failure ??= error;
    const nothing = new Uint8Array(0);
    if (this.#closing === null) this.#closing = this.#close(0, nothing);
    // A close that is going on waits no longer.
    else this.#closePeers(error, 0, nothing);
  }
}

function joined(a: CloseReport, b: CloseReport): CloseReport {
  if (a.status === 'drained') return b;
  if (b.status === 'drained') return a;
  return { status: 'cut', streams: a.streams + b.streams, unacknowledgedBytes: a.unacknowledgedBytes + b.unacknowledgedBytes };
}
