import type { PathCause } from '../api/peers.js';
import type { RouteInfo, TraceResult } from '../api/routing.js';
import type { PathRecord } from '../engine/engine.js';
import { type HostAndPort, type NodeId, routeIdOfNodeId } from '../identity/index.js';
import type { Association, MeshPeer, PeerMesh, PeerTable } from '../peer/index.js';
import { CONTROL_PROTOCOL } from './control/messages.js';
import { DIRECT_PROTOCOL } from './direct/messages.js';
import { LastKnownPeers } from './discovery/last-known-peers.js';
import { type MeshParts, MeshRouting } from './mesh-routing.js';
import type { OwnAddresses } from './nat/own-addresses.js';
import { type Neighbour, Neighbours } from './neighbours.js';
import { type LIVENESS_MICROS, PathPolicy } from './path-policy.js';
import { Reachability, type ReachabilityOptions } from './reachability.js';
import { RouteTracing } from './route-tracing.js';
import { type RouteKey, routeKey, type WayChange } from './routing/index.js';

/** Who was connected so lately that it may still turn out to be a relay. */
const JUST_CONNECTED_MS = 5_000;
/** RouteIds that are remembered by id. */
const ROUTE_IDS_MAX = 4_096;

export interface MeshOptions extends Omit<MeshParts, 'neighbours' | 'hosts'>, ReachabilityOptions {
  readonly peers: PeerTable;
  readonly liveness: keyof typeof LIVENESS_MICROS;
  /** Of the peers known last; `null`: none is kept. */ readonly cacheFile: string | null;
}

/**
 * A node's part in the mesh: who its neighbours are, which ways there are through them, and which of them its peers take. Nothing of it is there, and
 * nothing is sent, before the node has a first neighbour that is a relay, or is one.
 */
export class Mesh implements PeerMesh {
  readonly #options: MeshOptions;
  readonly #neighbours: Neighbours;
  readonly #reachability: Reachability;
  readonly #tracing: RouteTracing;
  readonly #lastKnown: LastKnownPeers | null;
  #routing: MeshRouting | null = null;
  #policy: PathPolicy | null = null;
  readonly #keys = new Map<NodeId, RouteKey>();
  /** Those that go through a relay that was asked for, by its key. */
  readonly #through = new Map<RouteKey, Set<NodeId>>();
  #connectedAtMs = Number.NEGATIVE_INFINITY;
  /** Why ways change just now, where it is not for a better one. */
  #symptom: 'silence' | 'no-route' | null = null;

  constructor(options: MeshOptions) {
    this.#options = options;
    this.#reachability = new Reachability(options, () => this.#routing?.onAddresses());
    this.#neighbours = new Neighbours(options.context, options.isRelay, {
      onUp: (neighbour) => this.#activate().up(neighbour),
      onDown: (neighbour) => {
        this.#reachability.onNeighbourGone(neighbour);
        this.#because('no-route', () => this.#routing?.down(neighbour));
      },
      onMessage: (neighbour, message) => {
        this.#activate().heard(neighbour, message);
        if (message.type === 'hello') this.#reachability.onHello(neighbour, message.observed);
      },
      onDrained: (neighbour) => this.#routing?.drained(neighbour),
    });
    this.#lastKnown = options.cacheFile === null ? null : new LastKnownPeers(options.context, options.peers, options.cacheFile);
    this.#tracing = new RouteTracing(options.context, (routeId) => this.nodeOf(routeId));
  }

  // ---- for the application ----

  /** See {@link MeshNode.routes}. */
  routes(): RouteInfo[] {
    return this.#routing?.routes() ?? [];
  }

  /** Where this node may be reached, as far as it knows. */
  get addresses(): OwnAddresses {
    return this.#reachability.addresses;
  }

  /** The hops to a connected peer; see {@link MeshNode.trace}. */
  async trace(peer: MeshPeer, association: Association, signal: AbortSignal): Promise<TraceResult> {
    if (peer.isRelayed) return this.#tracing.trace(peer, association, this.#routing?.way(this.#keyOf(peer.id))?.hops ?? null, signal);
    const rttMicros = await association.ping(signal);
    return { status: 'complete', hops: [{ id: peer.id, rttMs: rttMicros / 1_000 }] };
  }

  /** Resolves when no thread is left. */
  async close(): Promise<void> {
    this.#reachability.close();
    this.#neighbours.close();
    this.#policy?.close();
    await Promise.all([this.#routing?.close(), this.#lastKnown?.close()]);
  }

  // ---- from the node ----

  /** The node answers: peers that it knew last may be called. */
  begin(): void {
    this.#lastKnown?.find().catch((cause: unknown) => this.#options.context.onFault(cause));
  }

  /** The peer opened a stream of Osier's own, of kind 'messages'. False: this node takes none such. */
  onOwnStream(peer: MeshPeer, association: Association, handle: number, protocol: string): boolean {
    if (protocol === CONTROL_PROTOCOL) return this.#neighbours.accept(peer, association, handle);
    if (protocol === DIRECT_PROTOCOL) this.#reachability.onDirectStream(peer, association, handle);
    return protocol === DIRECT_PROTOCOL;
  }

  // ---- for its peers ----

  onEstablished(peer: MeshPeer, association: Association): void {
    this.#connectedAtMs = this.#nowMs;
    this.onMoved(peer, association);
  }

  onMoved(peer: MeshPeer, association: Association): void {
    this.#because('silence', () => this.#neighbours.onPath(peer, association));
    this.#policy?.onPath(peer, association);
    this.#reachability.onPath(peer, association);
    if (!peer.isRelayed) this.#lastKnown?.note(peer);
  }

  onLost(peer: MeshPeer): void {
    this.#policy?.onLost(peer);
    this.#reachability.onLost(peer);
    this.#neighbours.remove(peer);
  }

  onUse(peer: MeshPeer): void {
    this.#policy?.onUse(peer);
  }

  seek(id: NodeId): boolean {
    if (!this.#neighbours.isEmpty || this.#nowMs - this.#connectedAtMs < JUST_CONNECTED_MS) return true;
    return this.#options.peers.values().some((peer) => peer.id !== id && peer.isSought);
  }

  hostsOf(id: NodeId): readonly HostAndPort[] {
    return this.#routing?.announcements.get(id)?.announcement.hosts ?? [];
  }

  relayedPath(id: NodeId, waypoint: NodeId | null): PathRecord | null {
    const target = this.#keyOf(waypoint ?? id);
    if (waypoint !== null) this.#noteThrough(target, id);
    const way = this.#routing?.way(target) ?? null;
    if (way === null || way.nextHop === this.#keyOf(id)) return null;
    const far = routeIdOfNodeId(id);
    return Uint8Array.from(this.#options.context.engine.relayedPath(far, waypoint === null ? null : routeIdOfNodeId(waypoint)));
  }

  nextHopTo(routeId: Uint8Array): NodeId | null {
    const way = this.#routing?.way(routeKey(routeId)) ?? null;
    return way === null ? null : (this.#neighbours.get(way.nextHop)?.id ?? null);
  }

  nodeOf(routeId: Uint8Array): NodeId | null {
    const key = routeKey(routeId);
    return this.#neighbours.get(key)?.id ?? this.#routing?.nameOf(key) ?? null;
  }

  get #nowMs(): number {
    return this.#options.context.runtime.clock.nowMs();
  }

  /** From now on there is a mesh around this node. */
  #activate(): MeshRouting {
    if (this.#routing !== null) return this.#routing;
    const { context, liveness, peers } = this.#options;
    this.#routing = new MeshRouting(
      { ...this.#options, neighbours: this.#neighbours, hosts: () => this.addresses.announced() },
      { onWays: (changes) => this.#onWays(changes), onAnnounced: (id) => peers.get(id)?.onWays() },
    );
    this.#policy = new PathPolicy(context, liveness, {
      onSilence: (peer, isSilent) => this.#onSilence(peer, isSilent),
      onPathProbed: (peer, token, rttMicros) => this.#reachability.onPathProbed(peer, token, rttMicros),
      onDirectArrival: (peer, path) => this.#reachability.onDirectArrival(peer, path),
      onTraceAnswered: (...answer) => this.#tracing.onAnswered(...answer),
    });
    for (const peer of peers.values()) {
      const { current } = peer.associations;
      if (current !== null) this.#policy.onPath(peer, current);
    }
    return this.#routing;
  }

  #onSilence(peer: MeshPeer, isSilent: boolean): void {
    const neighbour: Neighbour | undefined = this.#neighbours.of(peer);
    if (neighbour === undefined) return;
    this.#because('silence', () => this.#routing?.setSilent(neighbour, isSilent));
  }

  #because(symptom: 'silence' | 'no-route', run: () => void): void {
    const before = this.#symptom;
    this.#symptom = symptom;
    run();
    this.#symptom = before;
  }

  #onWays(changes: readonly WayChange[]): void {
    for (const change of changes) {
      this.#publish(change);
      const cause = this.#causeOf(change);
      const id = this.#routing?.nameOf(change.destination) ?? null;
      if (id !== null) this.#onWay(id, cause);
      for (const through of this.#through.get(change.destination) ?? []) this.#onWay(through, cause);
    }
  }

  #onWay(id: NodeId, cause: PathCause): void {
    const peer = this.#options.peers.get(id);
    if (peer === undefined) return;
    peer.onWays();
    this.#policy?.onWays(peer, cause);
  }

  #causeOf({ before, after }: WayChange): PathCause {
    if (this.#symptom === null && before !== null && after !== null && after.metricMicros < before.metricMicros) {
      return { kind: 'better-metric', previousMs: before.metricMicros / 1_000, nowMs: after.metricMicros / 1_000 };
    }
    return { kind: 'failover', symptom: this.#symptom ?? 'no-route' };
  }

  #publish({ before, after, destination }: WayChange): void {
    const id = this.#routing?.nameOf(destination) ?? null;
    if (id === null) return;
    this.#options.context.observer.onRoute(() => ({
      id,
      before: before === null ? null : (this.#routing?.infoOf(before) ?? null),
      after: after === null ? null : (this.#routing?.infoOf(after) ?? null),
    }));
  }

  #keyOf(id: NodeId): RouteKey {
    let key = this.#keys.get(id);
    if (key === undefined) {
      if (this.#keys.size >= ROUTE_IDS_MAX) this.#keys.clear();
      key = routeKey(routeIdOfNodeId(id));
      this.#keys.set(id, key);
    }
    return key;
  }

  #noteThrough(waypoint: RouteKey, id: NodeId): void {
    const ids = this.#through.get(waypoint);
    if (ids === undefined) this.#through.set(waypoint, new Set([id]));
    else ids.add(id);
  }
}
