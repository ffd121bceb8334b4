import type { RouteInfo } from '../api/routing.js';
import { NO_HANDLE } from '../engine/events.js';
import type { Timer } from '../engine/runtime.js';
import type { HostAndPort, Identity, NodeId, SignatureMemory } from '../identity/index.js';
import { routeIdOfNodeId } from '../identity/index.js';
import type { PeerContext } from '../peer/index.js';
import type { SignedAnnouncement } from './announcements/announcement.js';
import { AnnouncementStore } from './announcements/announcement-store.js';
import type { KnownAnnouncement } from './announcements/announcement-table.js';
import { OwnAnnouncement } from './announcements/own-announcement.js';
import type { ControlMessage } from './control/messages.js';
import { LinkMeter } from './link-costs.js';
import type { Neighbour, Neighbours } from './neighbours.js';
import { RouteRecords } from './route-records.js';
import { type RouteKey, Router, routeKey, type Way, type WayChange } from './routing/index.js';
import type { StatementStore } from './statements/statement-store.js';

/** How often links are measured. */
const MEASURE_MS = 1_000;

/** What the routing of a node is made of. */
export interface MeshParts {
  readonly context: PeerContext;
  readonly identity: Identity;
  readonly instance: string;
  readonly isRelay: boolean;
  readonly signatures: SignatureMemory;
  readonly statements: StatementStore;
  readonly neighbours: Neighbours;
  /** Where this node may be reached, the best first. */
  hosts(): readonly HostAndPort[];
  /** It is kept in full tables. */
  isProtected(id: NodeId): boolean;
}

/** Who hears of changes; called after all of them hold. */
export interface MeshRoutingListener {
  onWays(changes: readonly WayChange[]): void;
  /** What a node announces is new. */
  onAnnounced(id: NodeId): void;
}

/** Announcements and routes of one node: what neighbours told, what they are told, and what the engine forwards by. */
export class MeshRouting {
  readonly announcements: AnnouncementStore;
  readonly #parts: MeshParts;
  readonly #listener: MeshRoutingListener;
  readonly #own: OwnAnnouncement;
  readonly #router: Router;
  readonly #meters = new Map<RouteKey, LinkMeter>();
  /** Whose link is silent at present. */
  readonly #silent = new Set<RouteKey>();
  /** Changes that the listener has not heard of. */
  #changes: WayChange[] = [];
  #routerTimer: Timer | null = null;
  #measureTimer: Timer | null = null;
  #isClosed = false;

  constructor(parts: MeshParts, listener: MeshRoutingListener) {
    const { context, identity, instance, isRelay, statements, signatures } = parts;
    this.#parts = parts;
    this.#listener = listener;
    const facts = { identity, instance, isRelay, extensions: [], hosts: () => parts.hosts() };
    this.#own = new OwnAnnouncement(context.runtime, facts, (signed) => this.#onOwnSigned(signed));
    this.announcements = this.#makeStore(signatures);
    statements.onNew((statement, bytes, from) => {
      this.announcements.onRevoked(statement.id);
      for (const neighbour of parts.neighbours.open()) {
        if (from !== 'operator' && (!isRelay || from === neighbour.id)) continue;
        neighbour.session.outgoing.state(statement.id, bytes);
        neighbour.session.pump();
      }
    });
    this.#router = new Router(
      { self: routeKey(routeIdOfNodeId(context.id)), sequence: 0n, isRelay },
      {
        waysChanged: (changes) => this.#onWaysChanged(changes),
        sendUpdates: (key, updates) => parts.neighbours.get(key)?.session.outgoing.advertise(updates),
        sendRequest: (key, destination, sequence, ttl) => parts.neighbours.get(key)?.session.outgoing.request(destination, sequence, ttl),
        // The router must not be called from here.
        sequenceWanted: () => queueMicrotask(() => this.#own.answer((this.#own.present?.announcement.sequence ?? 0) + 1)),
        // Nobody signed it: the announcement, if there is one, is what counts.
        ownSequenceHeard: () => {},
      },
    );
    this.#own.begin();
  }

  // ---- from the neighbours ----

  up(neighbour: Neighbour): void {
    const { key, session, association } = neighbour;
    for (const bytes of this.#parts.statements.all()) session.outgoing.state(keyOfStatement(bytes), bytes);
    if (this.#own.present !== null) session.outgoing.announce(this.#ownKey, this.#own.present.bytes);
    if (this.#parts.isRelay) for (const known of this.announcements.values()) this.#announceTo(neighbour, known);
    const meter = new LinkMeter(this.#parts.context.engine, association);
    this.#meters.set(key, meter);
    const { costMicros, mtuBytes } = meter.measure();
    this.#route((nowMs) => this.#router.neighbourUp(key, costMicros, mtuBytes, nowMs));
    this.#measureTimer ??= this.#parts.context.runtime.setTimer(MEASURE_MS, this.#measureAll);
  }

  down({ key, id }: Neighbour): void {
    this.#meters.delete(key);
    this.#silent.delete(key);
    this.announcements.onNeighbourGone(id);
    this.#route((nowMs) => this.#router.neighbourDown(key, nowMs));
  }

  heard(neighbour: Neighbour, message: ControlMessage): void {
    switch (message.type) {
      case 'hello':
        return;
      case 'announcement':
        this.announcements.receive(message.signed, neighbour.id);
        return;
      case 'statement':
        if (this.#parts.statements.add(message.signed, neighbour.id) === 'bad') this.#onBadBytes(neighbour.id);
        return;
      case 'routes':
        this.#route((nowMs) => this.#router.updated(neighbour.key, message.routes, nowMs));
        return;
      case 'sequence-request':
        this.#route((nowMs) => this.#router.sequenceRequested(neighbour.key, message.destination, message.sequence, message.ttl, nowMs));
        return;
    }
  }

  /** The neighbour has what it was sent. */
  drained({ key, session }: Neighbour): void {
    this.#route((nowMs) => {
      if (!session.outgoing.hasRoutes) this.#router.setWritable(key, true, nowMs);
      if (this.#meters.get(key)?.knows === false) this.#measure(key, nowMs);
    });
  }

  /** Nothing passes on the link at present, or again: ways through it give way at once, and may come back. */
  setSilent({ key }: Neighbour, isSilent: boolean): void {
    if (isSilent) this.#silent.add(key);
    else this.#silent.delete(key);
    this.#route((nowMs) => this.#measure(key, nowMs));
  }

  isSilent({ key }: Neighbour): boolean {
    return this.#silent.has(key);
  }

  /** The addresses of this node may be others. */
  onAddresses(): void {
    this.#own.onAddresses();
  }

  // ---- what is known ----

  way(key: RouteKey): Way | null {
    return this.#router.way(key);
  }

  /** The node of a key, where it is announced. */
  nameOf(key: RouteKey): NodeId | null {
    return this.announcements.byRoute(Buffer.from(key, 'latin1').toString('hex'))?.announcement.id ?? this.#parts.neighbours.get(key)?.id ?? null;
  }

  routes(): RouteInfo[] {
    return [...this.#router.ways()].map((way) => this.infoOf(way)).filter((info) => info !== null);
  }

  /** `null` where its node, or the next hop, has no name any more. */
  infoOf(way: Way): RouteInfo | null {
    const id = this.nameOf(way.destination);
    const nextHop = this.nameOf(way.nextHop);
    if (id === null || nextHop === null) return null;
    return {
      id,
      nextHop,
      backup: way.backup === null ? null : this.nameOf(way.backup),
      metricMs: way.metricMicros / 1_000,
      mtuBytes: way.mtuBytes,
      ageMs: Math.max(0, this.#nowMs - way.sinceMs),
    };
  }

  /** Resolves when no thread is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#routerTimer?.cancel();
    this.#measureTimer?.cancel();
    this.#own.close();
    await this.announcements.close();
  }

  get #nowMs(): number {
    return this.#parts.context.runtime.clock.nowMs();
  }

  get #ownKey(): RouteKey {
    return routeKey(routeIdOfNodeId(this.#parts.context.id));
  }

  #makeStore(signatures: SignatureMemory): AnnouncementStore {
    const { context, statements, neighbours } = this.#parts;
    const own = (): SignedAnnouncement | null => this.#own.present;
    return new AnnouncementStore({
      id: context.id,
      get own() {
        return own();
      },
      runtime: context.runtime,
      verified: signatures,
      isProtected: (id) => this.#parts.isProtected(id),
      isRevoked: (id) => statements.get(id) !== undefined,
      onBelieved: (known) => this.#onBelieved(known),
      onEnded: (known) => {
        this.#route((nowMs) => this.#router.announcementGone(routeKey(known.routeId), nowMs));
        this.#listener.onAnnounced(known.announcement.id);
      },
      onOwnHeard: (sequence) => this.#own.onOwnHeard(sequence),
      onOutdated: (id, known) => {
        const neighbour = neighbours.get(routeKey(routeIdOfNodeId(id)));
        neighbour?.session.outgoing.announce(routeKey(known.routeId), known.bytes);
        neighbour?.session.pump();
      },
      onBadBytes: (id) => this.#onBadBytes(id),
      onThreadsFailed: (cause) =>
        context.log('warn', { cause: String(cause) }, 'Threads for signatures fail: the node verifies all by itself for a while.'),
      onFault: (cause) => context.onFault(cause),
    });
  }

  #onOwnSigned(signed: SignedAnnouncement): void {
    const sequence = BigInt(signed.announcement.sequence);
    for (const { session } of this.#parts.neighbours.open()) session.outgoing.announce(this.#ownKey, signed.bytes);
    // The first is signed while the router is made.
    queueMicrotask(() => this.#route((nowMs) => this.#router.setOwnSequence(sequence, nowMs)));
  }

  #onBelieved(known: KnownAnnouncement): void {
    if (this.#parts.isRelay) for (const neighbour of this.#parts.neighbours.open()) this.#announceTo(neighbour, known);
    this.#route((nowMs) => this.#router.announcementKnown(routeKey(known.routeId), BigInt(known.announcement.sequence), nowMs));
    this.#listener.onAnnounced(known.announcement.id);
  }

  #announceTo({ id, session }: Neighbour, known: KnownAnnouncement): void {
    if (known.announcement.id === id || known.heldBy.has(id)) return;
    session.outgoing.announce(routeKey(known.routeId), known.bytes);
  }

  #onBadBytes(id: NodeId): void {
    const neighbour = this.#parts.neighbours.get(routeKey(routeIdOfNodeId(id)));
    neighbour?.session.fail(new Error('it passed on what its origin did not sign'));
  }

  /** One call of the router, and what follows from it. */
  #route(call: (nowMs: number) => void): void {
    if (this.#isClosed) return;
    call(this.#nowMs);
    for (const neighbour of this.#parts.neighbours.open()) this.#tell(neighbour);
    this.#routerTimer?.cancel();
    const { nextAtMs } = this.#router;
    this.#routerTimer =
      nextAtMs === Number.POSITIVE_INFINITY
        ? null
        : this.#parts.context.runtime.setTimer(Math.max(0, nextAtMs - this.#nowMs), () => this.#route((nowMs) => this.#router.onTimer(nowMs)));
    const changes = this.#changes;
    this.#changes = [];
    if (changes.length > 0) this.#listener.onWays(changes);
  }

  #tell({ key, session }: Neighbour): void {
    if (session.outgoing.isEmpty) return;
    session.pump();
    if (session.outgoing.isFull) this.#router.setWritable(key, false, this.#nowMs);
  }

  /** The engine forwards by them before anything else happens. */
  #onWaysChanged(changes: readonly WayChange[]): void {
    const records = new RouteRecords(changes.length);
    for (const { destination, after } of changes) {
      const neighbour = after === null ? undefined : this.#parts.neighbours.get(after.nextHop);
      records.add(destination, neighbour?.association.handle ?? NO_HANDLE, after?.mtuBytes ?? 0);
    }
    this.#parts.context.engine.setRoutes(records.bytes);
    this.#parts.context.flusher.mark();
    this.#changes.push(...changes);
  }

  readonly #measureAll = (): void => {
    this.#measureTimer = this.#parts.neighbours.isEmpty ? null : this.#parts.context.runtime.setTimer(MEASURE_MS, this.#measureAll);
    this.#route((nowMs) => {
      for (const key of this.#meters.keys()) this.#measure(key, nowMs);
    });
  };

  #measure(key: RouteKey, nowMs: number): void {
    const measured = this.#meters.get(key)?.measure();
    if (measured === undefined) return;
    this.#router.mtuChanged(key, measured.mtuBytes, nowMs);
    const { costMicros, isFirst } = measured;
    this.#router.costMeasured(key, this.#silent.has(key) ? Number.POSITIVE_INFINITY : costMicros, nowMs, isFirst);
  }
}

/** What tells statements apart, before they are read: whom they are about. */
function keyOfStatement(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
