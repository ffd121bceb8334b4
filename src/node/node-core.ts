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
import { MessageStage } from '../engine/message-stage.js';
import type { Runtime } from '../engine/runtime.js';
import { type OsierError, osierError } from '../errors/index.js';
import { closeTimeoutOption, reasonOption, rejecting } from '../errors/option-checks.js';
import { textOf } from '../errors/text-of.js';
import type { HandshakeFault, HandshakeParty } from '../handshake/index.js';
import { formatAddress, type NodeId } from '../identity/index.js';
import { Observer } from '../observe/index.js';
import {
  Answering,
  type Association,
  type Calling,
  type CallRouting,
  JoinTable,
  type MeshPeer,
  type PeerContext,
  PeerTable,
  PinTable,
  safely,
} from '../peer/index.js';
import { Connecting } from './connecting.js';
import { engineConfigOf, handshakePartyOf, loadCredentials } from './credentials.js';
import { HandlerTable } from './handler-table.js';
import { KeptPeers } from './kept-peers.js';
import { announcedHosts, bindSockets } from './listen-sockets.js';
import { NodeClosing } from './node-closing.js';
import { NodeCounters } from './node-counters.js';
import type { NodeFace } from './node-face.js';
import type { ParsedNodeOptions } from './options.js';
import { Reloading } from './reloading.js';
import { protocolOf, serveStream } from './serve-stream.js';
import type { ShardRole } from './shard-role.js';

/** A node's parts and how they hang together; {@link MeshNode} is its public face. */
export class NodeCore implements NodeFace, PeerContext, NodeSink {
  readonly runtime: Runtime;
  readonly observer: Observer;
  readonly engine: Engine;
  party: HandshakeParty;
  readonly dispatcher: Dispatcher;
  readonly flusher: Flusher;
  readonly calls = new Map<number, Calling>();
  readonly peers: PeerTable;
  readonly #options: ParsedNodeOptions;
  /** `null` where the node is on the thread of the application. */
  readonly #role: ShardRole | null;
  readonly #handlers: HandlerTable;
  readonly #answering: Answering;
  readonly #joins: JoinTable;
  readonly kept: KeptPeers;
  readonly connecting: Connecting;
  readonly reloading: Reloading;
  readonly #closing: NodeClosing;
  readonly counters: NodeCounters;
  #sockets: readonly SocketAddress[] = [];
  /** Where the node's events go; set before any can occur. */
  events: EventEmitter<MeshNodeEvents> | null = null;

  private constructor(
    options: ParsedNodeOptions,
    runtime: Runtime,
    role: ShardRole | null,
    id: NodeId,
    makeParty: (engine: Engine) => HandshakeParty,
  ) {
    this.#options = options;
    this.#role = role;
    this.runtime = runtime;
    this.dispatcher = new Dispatcher(this);
    this.engine = runtime.createEngine(engineConfigOf(options, role, id), (records) => {
      this.dispatcher.dispatch(this.engine, records);
      this.flusher.onDelivered();
    });
    this.flusher = new Flusher(
      () => this.engine.flush(),
      () => isDelivering(this.engine.events),
      runtime.atEndOfTick,
      new MessageStage(this.engine),
    );
    this.party = makeParty(this.engine);
    const { logger, tracing } = options;
    this.observer = new Observer({
      id: this.party.id,
      runtime,
      logger,
      tracing,
      warn: (error) => this.warn(error),
      environment: process.env,
      tap: role?.tap ?? null,
    });
    this.peers = new PeerTable(this, options.limits.peers);
    this.#handlers = new HandlerTable(runtime);
    this.#answering = new Answering(this, this.peers, options.accept, options.limits.peers);
    this.#joins = new JoinTable(this, this.peers, role?.pins ?? new PinTable());
    this.kept = new KeptPeers(this, this.peers, this.#joins);
    this.counters = new NodeCounters(this.engine, this.peers);
    this.connecting = new Connecting(this, this.peers, this.#joins);
    this.reloading = new Reloading(this, this.kept, (secrets) => this.#useNetworkSecrets(secrets));
    this.#closing = new NodeClosing(this.peers, {
      onClosing: (error) => this.#onClosing(error),
      onPeersClosed: (failure) => this.#onPeersClosed(failure),
      onLeftOver: (cause) => this.log('warn', { cause: textOf(cause) }, 'The node is closed, but something of it was left behind.'),
    });
  }

  /** Errors: as {@link MeshNode.create}. */
  static async start(options: ParsedNodeOptions, runtime: Runtime, role: ShardRole | null = null): Promise<NodeCore> {
    const credentials = await loadCredentials(options);
    const core = new NodeCore(options, runtime, role, credentials.identity.id, (engine) =>
      handshakePartyOf(options, credentials, runtime, engine.info(), role),
    );
    try {
      const group = role?.group ?? null;
      core.#sockets = await bindSockets(runtime, core.engine, options.listen, group !== null);
      if (group !== null) core.engine.joinShardGroup(group);
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
    this.answer();
    this.kept.replace(this.#options.peers);
  }

  /** Begins to answer callers, and to connect to those who are to be kept so by now. */
  answer(): void {
    this.#answering.begin();
    this.kept.begin();
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

  get routing(): CallRouting | null {
    return this.#role?.routing ?? null;
  }

  get streamsPerPeer(): number {
    return this.#options.limits.streamsPerPeer;
  }

  get messageBytes(): number {
    return this.#options.limits.messageBytes;
  }

  get closedBy(): OsierError | null {
    return this.#closing.closedBy;
  }

  get address(): string {
    const hosts = announcedHosts(this.#sockets, this.#options.advertise, this.runtime.machineAddresses());
    return formatAddress({ id: this.id, hosts });
  }

  connect(target: string, options: ConnectOptions | undefined): Promise<Peer> {
    return this.connecting.connect(target, options);
  }

  reload(changes: ReloadOptions): Promise<void> {
    return this.reloading.reload(changes);
  }

  handle(protocol: string, options: HandleOptions<StreamKind> | undefined, handler: Handler<never>): HandlerRegistration {
    if (this.closedBy !== null) throw this.closedBy;
    return this.#handlers.add(protocol, options, handler);
  }

  stats(): NodeStats {
    return this.counters.stats();
  }

  info(): NodeInfo {
    return this.counters.info();
  }

  close(options: CloseOptions | undefined): Promise<CloseReport> {
    return rejecting(() => this.#closing.begin(closeTimeoutOption(options?.timeoutMs), reasonOption(options?.reason)));
  }

  // ---- for the peers ----

  serve(peer: MeshPeer, association: Association, handle: number, kind: number, head: Uint8Array): void {
    const incoming = { peer, association, handle, kind, head };
    if (this.#role !== null && this.#handlers.get(protocolOf(head)) === undefined) {
      this.#role.forward(this, incoming);
      return;
    }
    this.#role?.beforeHandling();
    serveStream(this, this.#handlers, incoming);
  }

  onMade(peer: MeshPeer): void {
    this.#role?.onMade(peer);
  }

  onKnown(peer: MeshPeer): void {
    this.peers.publish(peer);
    safely(() => this.events?.emit('peer', peer));
  }

  onGone(peer: MeshPeer): void {
    this.peers.remove(peer);
    this.kept.onGone(peer);
    this.#role?.onGone(peer);
  }

  onSessionConfirmed(localIndex: number): void {
    this.counters.handshakesCompleted++;
    this.#answering.onConfirmed(localIndex);
    this.observer.onAnswerConfirmed(localIndex);
  }

  onSessionDropped(localIndex: number): void {
    this.#answering.onDropped(localIndex);
    this.observer.onAnswerDropped(localIndex);
  }

  onDialed(succeeded: boolean): void {
    if (succeeded) this.counters.handshakesCompleted++;
    else this.counters.handshakesFailed++;
  }

  onHandshakeFault(peer: NodeId | null, fault: HandshakeFault): void {
    if (peer === null) this.counters.handshakesFailed++;
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
    this.#closing.fail(error);
  }

  // ---- from its close and its reloads ----

  #onClosing(error: OsierError): void {
    this.#joins.close(error);
    this.#answering.onClosing();
    this.#handlers.drainAll();
  }

  #onPeersClosed(failure: OsierError | null): Promise<void> {
    this.counters.freeze();
    const threadsEnded = this.#answering.close();
    this.engine.close();
    this.counters.complete();
    this.log('info', { node: this.id, code: failure?.code ?? null }, 'The node is closed.');
    this.observer.close();
    // The last event.
    const { events } = this;
    this.events = null;
    safely(() => events?.emit('close', failure));
    return threadsEnded;
  }

  #useNetworkSecrets(networkSecrets: HandshakeParty['networkSecrets']): void {
    this.party = { ...this.party, networkSecrets };
    this.#answering.useNetworkSecrets(networkSecrets);
    for (const peer of this.peers.values()) peer.onSecrets();
    this.#joins.onSecrets();
  }
}
