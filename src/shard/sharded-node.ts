import type { EventEmitter } from 'node:events';
import type { ConnectOptions, MeshNodeEvents, ReloadOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import type { RouteInfo, TraceResult } from '../api/routing.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { HandleOptions, Handler, HandlerRegistration, StreamKind } from '../api/streams.js';
import type { Clock, CloseOptions, CloseReport, Logger, TimedWaitOptions } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { type OsierError, osierError } from '../errors/index.js';
import { closeTimeoutOption, durationOption, reasonOption, rejecting } from '../errors/option-checks.js';
import { safely } from '../errors/safely.js';
import { formatAddress, type NodeId, parseNodeId } from '../identity/index.js';
import { BY_CALL, parseConnect } from '../node/connecting.js';
import { type Credentials, loadCredentials } from '../node/credentials.js';
import { HandlerTable } from '../node/handler-table.js';
import { announcedHosts } from '../node/listen-sockets.js';
import { notInSeveralShards } from '../node/mesh-options.js';
import type { NodeFace } from '../node/node-face.js';
import type { ParsedNodeOptions } from '../node/options.js';
import { Observer } from '../observe/index.js';
import { countdown, nodeClosed, type PeerStream, peerClosed, type StreamShape, WAIT_TIMEOUT_MS } from '../peer/index.js';
import { makeStream } from '../stream/index.js';
import type { StreamTold } from './protocol.js';
import type { PeerHome, RemotePeer, RemotePeerHost } from './remote-peer.js';
import { RemotePeers } from './remote-peers.js';
import { RemotePort } from './remote-port.js';
import type { ShardLink, ShardNews } from './shard-link.js';
import { ShardNewsDesk } from './shard-news-desk.js';
import { planShards, type ShardPlan } from './shard-plan.js';
import { Shards, type ShardsListener } from './shards.js';

/** A node whose engines run in threads of their own: the face of its shards on the thread of the application. */
export class ShardedNode implements NodeFace, RemotePeerHost, ShardsListener {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly peers: RemotePeers;
  readonly observer: Observer;
  readonly handlers: HandlerTable;
  readonly options: ParsedNodeOptions;
  readonly runtime: Runtime;
  readonly shards: Shards;
  readonly #desk = new ShardNewsDesk(this);
  /** Protocols with a handler in the shards, and who said so last of each; what a dead shard said holds until it is started again. */
  readonly handledInShards = new Map<string, Map<number, ShardLink>>();
  events: EventEmitter<MeshNodeEvents> | null = null;
  #closedBy: OsierError | null = null;
  #report: Promise<CloseReport> | null = null;

  private constructor(options: ParsedNodeOptions, runtime: Runtime, credentials: Credentials, plan: ShardPlan) {
    this.options = options;
    this.runtime = runtime;
    this.id = credentials.identity.id;
    this.clock = runtime.clock;
    const { logger, tracing } = options;
    // What is traced to files and as keys is written by the shards.
    this.observer = new Observer({ id: this.id, runtime, logger, tracing, warn: (error) => this.warn(error), environment: {} });
    this.handlers = new HandlerTable(runtime);
    this.peers = new RemotePeers(this, options.limits.peers);
    this.shards = new Shards(options, runtime, credentials, plan, this);
  }

  /** Errors: as {@link MeshNode.create}. */
  static async start(options: ParsedNodeOptions, runtime: Runtime): Promise<ShardedNode> {
    const credentials = await loadCredentials(options);
    const node = new ShardedNode(options, runtime, credentials, await planShards(options, runtime));
    await node.shards.start();
    return node;
  }

  async begin(): Promise<void> {
    await this.shards.kept.replace(this.options.peers);
    // Last: whoever waits for the node has its handlers there before the first caller is answered.
    this.shards.begin();
  }

  get closedBy(): OsierError | null {
    return this.#closedBy;
  }

  get address(): string {
    const hosts = announcedHosts(this.shards.sockets, this.options.advertise, this.runtime.machineAddresses());
    return formatAddress({ id: this.id, hosts });
  }

  async connect(target: string, options: ConnectOptions | undefined): Promise<Peer> {
    if (this.#closedBy !== null) throw this.#closedBy;
    const { address, reconnect, via } = parseConnect(this.id, target, options);
    if (via !== null && this.options.shards > 1) throw notInSeveralShards('via');
    const { timeoutMs, signal } = options ?? {};
    const revocation = address.id === null ? null : this.shards.revocationOf(address.id);
    if (revocation !== null) throw revocation;
    return this.shards.connecting.connect(address, {
      byId: true,
      keep: reconnect === 'always' ? BY_CALL : null,
      via: via === null ? null : formatAddress(via),
      timeoutMs,
      signal,
    });
  }

  handle(protocol: string, options: HandleOptions<StreamKind> | undefined, handler: Handler<never>): HandlerRegistration {
    if (this.#closedBy !== null) throw this.#closedBy;
    if (this.handledInShards.has(protocol)) {
      throw osierError('ERR_OSIER_HANDLER_EXISTS', `'${protocol}' has a handler in the shards, and cannot have one here as well.`, { protocol });
    }
    const registration = this.handlers.add(protocol, options, handler);
    this.shards.tellAll({ op: 'handled', protocol, handled: true });
    const close = async (closeOptions?: CloseOptions): Promise<CloseReport> => {
      const report = await registration.close(closeOptions);
      if (this.handlers.get(protocol) === undefined) this.shards.tellAll({ op: 'handled', protocol, handled: false });
      return report;
    };
    return { protocol, close, [Symbol.asyncDispose]: async () => void (await close()) };
  }

  reload(changes: ReloadOptions): Promise<void> {
    return this.shards.reload(changes);
  }

  routes(): RouteInfo[] {
    return this.#desk.routes.routes();
  }

  async trace(id: string, options: TimedWaitOptions | undefined): Promise<TraceResult> {
    const left = countdown(this.runtime, durationOption('timeoutMs', options?.timeoutMs, WAIT_TIMEOUT_MS));
    const peer = await this.connect(parseNodeId(id), options);
    return (peer as RemotePeer).trace({ ...options, timeoutMs: left() });
  }

  stats(): NodeStats {
    return this.shards.stats(this.peers.connected);
  }

  info(): NodeInfo {
    return this.shards.info();
  }

  close(options: CloseOptions | undefined): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = closeTimeoutOption(options?.timeoutMs);
      reasonOption(options?.reason);
      this.#report ??= this.#close(timeoutMs, options?.reason ?? '');
      return this.#report;
    });
  }

  warn(error: OsierError): void {
    safely(() => this.events?.emit('warning', error));
  }

  log(level: keyof Logger, fields: object, message: string): void {
    this.observer.log(level, fields, message);
  }

  // ---- for the shards ----

  get handled(): readonly string[] {
    return this.handlers.protocols;
  }

  onNews(shard: ShardLink, news: ShardNews): void {
    this.#desk.take(shard, news);
  }

  onStarted(shard: ShardLink): void {
    this.#desk.onStarted(shard);
  }

  onDeath(shard: ShardLink, error: OsierError): void {
    this.#desk.evict(shard, error);
  }

  // ---- for the peers ----

  async settle(peer: RemotePeer, options: TimedWaitOptions | undefined): Promise<PeerHome> {
    await this.shards.connecting.connect({ id: peer.id, hosts: peer.knownHosts }, { byId: peer.verified === 'id', keep: null, ...options });
    // Another object has the id by now, or this one was closed meanwhile.
    if (peer.home === null || peer.closing !== null) throw this.#closedBy ?? peerClosed('local', 'normal', '');
    return peer.home;
  }

  streamOf(peer: RemotePeer, shard: ShardLink, stream: number, told: StreamTold, shape: StreamShape): PeerStream {
    const { kind, protocol, priority, delivery } = shape;
    const port = new RemotePort(shard.outbox, stream, kind, this.shards.crossing, told);
    const { messageBytes } = this.options.limits;
    const end = makeStream(kind, port, { protocol, peer, priority }, delivery, { messageBytes, clock: this.clock });
    shard.streams.set(stream, port);
    peer.ports.add(port);
    port.attach(end, () => {
      shard.streams.delete(stream);
      peer.ports.delete(port);
    });
    return end;
  }

  onGone(peer: RemotePeer): void {
    this.#desk.end(peer);
  }

  async #close(timeoutMs: number, reason: string): Promise<CloseReport> {
    const closedBy = nodeClosed(null);
    this.#closedBy = closedBy;
    this.handlers.drainAll();
    const report = await this.shards.close(timeoutMs, reason, closedBy);
    // Those of shards that could not tell so.
    for (const peer of this.peers.values()) this.#desk.end(peer);
    safely(() => this.events?.emit('close', null));
    return report;
  }
}
