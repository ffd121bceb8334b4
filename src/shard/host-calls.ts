import { formatAddress, type NodeId, parseAddress } from '../identity/index.js';
import type { NodeCore } from '../node/node-core.js';
import { type Association, type MeshPeer, type PeerContext, PlacedElsewhere, type StreamShape } from '../peer/index.js';
import { STREAM_KINDS } from '../stream/index.js';
import { pack } from './error-codec.js';
import type { HostPeers } from './host-peers.js';
import type { HostStreams } from './host-streams.js';
import type { Outbox } from './outbox.js';
import type { CallName, FromShard, ShardCalls } from './protocol.js';

/** What answers the calls of the main thread. */
export interface CalledHost {
  readonly core: NodeCore;
  readonly peers: HostPeers;
  readonly streams: HostStreams;
  place(id: NodeId, signal: AbortSignal): Promise<number | null>;
  /** There is no room here for a peer that was placed here. */
  unplace(id: NodeId): void;
  tellInfo(): void;
  /** The node is closed: the last counters are to be written. */
  onClosed(): void;
  /** The main thread is about to be told so: nothing else follows. */
  onOver(): void;
}

/** Answers what the main thread calls for, each call once. */
export class HostCalls {
  readonly #outbox: Outbox<FromShard>;
  readonly #host: CalledHost;
  /** Calls that go on, and how to give them up. */
  readonly #open = new Map<number, AbortController>();

  constructor(outbox: Outbox<FromShard>, host: CalledHost) {
    this.#outbox = outbox;
    this.#host = host;
  }

  /** Begins a call. */
  begin(call: number, name: CallName, args: unknown): void {
    const controller = new AbortController();
    this.#open.set(call, controller);
    const method = this[name] as (args: unknown, signal: AbortSignal) => Promise<unknown>;
    method.call(this, args, controller.signal).then(
      (value) => {
        this.#settle(call, { op: 'reply', call, value: pack(value) });
        if (name === 'close') this.#host.onOver();
      },
      (error: unknown) => this.#settle(call, { op: 'refusal', call, error: pack(error) }),
    );
  }

  /** Nobody waits for it any more. */
  cancel(call: number): void {
    this.#open.get(call)?.abort();
  }

  /** Throws LIMIT; the peer may be placed elsewhere then. */
  #obtain(id: NodeId): MeshPeer {
    try {
      return this.#host.core.peers.obtain(id);
    } catch (error) {
      this.#host.unplace(id);
      throw error;
    }
  }

  #settle(call: number, entry: FromShard): void {
    this.#open.delete(call);
    this.#outbox.push(entry);
  }

  async connect({ target, byId, keep, via, timeoutMs }: ShardCalls['connect']['args'], signal: AbortSignal): Promise<ShardCalls['connect']['value']> {
    try {
      const address = parseAddress(target);
      if (via !== null) this.#host.core.connecting.goThrough(address, parseAddress(via));
      const peer = await this.#host.core.connecting.connectTo(address, { byId, keep }, { timeoutMs, signal });
      this.#host.peers.touch(peer);
      return { peer: this.#host.peers.keyOf(peer), verified: peer.verified };
    } catch (error) {
      if (error instanceof PlacedElsewhere) return { elsewhere: error.id, shard: error.shard };
      throw error;
    }
  }

  async keep({ target, byId, reason }: ShardCalls['keep']['args']): Promise<ShardCalls['keep']['value']> {
    const { id, hosts } = parseAddress(target);
    if (id === null) throw new Error('only peers with an id are kept one by one');
    const peer = this.#obtain(id);
    peer.addHosts(hosts);
    if (byId) peer.askById();
    peer.keepConnected(reason);
    return { peer: this.#host.peers.keyOf(peer) };
  }

  async place({ id }: ShardCalls['place']['args'], signal: AbortSignal): Promise<number | null> {
    return this.#host.place(id, signal);
  }

  async alive(): Promise<null> {
    const { closedBy } = this.#host.core;
    if (closedBy !== null) throw closedBy;
    return null;
  }

  async steer({ order }: ShardCalls['steer']['args']): Promise<null> {
    this.#host.core.engine.steer(Uint8Array.from(order));
    this.#host.tellInfo();
    return null;
  }

  async openStream(args: ShardCalls['openStream']['args'], signal: AbortSignal): Promise<ShardCalls['openStream']['value']> {
    const { protocol, protocolBytes, metadataBytes, priority, timeoutMs } = args;
    const kind = STREAM_KINDS[args.kind] ?? 'bytes';
    const request = { protocol, protocolBytes, metadataBytes, kind, priority: priority as 0, delivery: { ordered: true, lifetimeMs: null } };
    const make = (context: PeerContext, peer: MeshPeer, association: Association, handle: number, shape: StreamShape) =>
      this.#host.streams.relay(context, { peer, association, handle }, shape);
    const stream = await this.#host.peers.get(args.peer).openWith(request, { timeoutMs, signal }, make);
    return { stream: stream.id, told: stream.told() };
  }

  async ping({ peer, timeoutMs }: ShardCalls['ping']['args'], signal: AbortSignal): Promise<number> {
    const called = this.#host.peers.get(peer);
    const rttMs = await called.ping({ timeoutMs, signal });
    this.#host.peers.touch(called);
    return rttMs;
  }

  async trace({ peer, timeoutMs }: ShardCalls['trace']['args'], signal: AbortSignal): Promise<unknown> {
    return this.#host.core.traceTo(this.#host.peers.get(peer).id, { timeoutMs, signal });
  }

  async closePeer({ peer, timeoutMs, reason }: ShardCalls['closePeer']['args']): Promise<unknown> {
    return this.#host.peers.get(peer).close({ timeoutMs, reason });
  }

  async release({ peer, reason }: ShardCalls['release']['args']): Promise<null> {
    this.#host.peers.get(peer).releaseConnection(reason);
    return null;
  }

  async keepPeers({ peers, isWhole }: ShardCalls['keepPeers']['args']): Promise<readonly string[]> {
    const { closedBy, kept } = this.#host.core;
    if (closedBy !== null) throw closedBy;
    const addresses = peers.map(parseAddress);
    if (isWhole) {
      kept.replace(addresses);
      return [];
    }
    const without = kept.replaceWithRoom(addresses);
    for (const { id } of without) if (id !== null) this.#host.unplace(id);
    return without.map(formatAddress);
  }

  async goneElsewhere({ target }: ShardCalls['goneElsewhere']['args']): Promise<null> {
    this.#host.core.connecting.onGoneElsewhere(parseAddress(target).hosts);
    return null;
  }

  async reload({ secrets, statements }: ShardCalls['reload']['args']): Promise<null> {
    const network = secrets === null ? null : ({ kind: 'secrets', secrets } as const);
    await this.#host.core.reloading.apply({ network, peers: null, statements });
    return null;
  }

  async close({ timeoutMs, reason }: ShardCalls['close']['args']): Promise<unknown> {
    const report = await this.#host.core.close({ timeoutMs, reason });
    this.#host.onClosed();
    return report;
  }
}
