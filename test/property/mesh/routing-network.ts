import { type RouteKey, Router, type RouterOutputs, type RouteUpdate, routeKey } from '../../../src/mesh/routing/index.js';
import { SeededRandom } from '../../../src/testing/seeded-random.js';

/** An undirected link of a graph. */
export interface Edge {
  readonly one: number;
  readonly other: number;
  readonly delayMs: number;
}

/** One end of a link, as its node sees it. */
interface End {
  /** The session that is up at this end; 0: none. */
  session: number;
  /** Which life of the other node that session is with. */
  peerLife: number;
}

interface Link extends Edge {
  isUp: boolean;
  /** The newest session. */
  session: number;
  readonly ends: readonly [End, End];
  /** When the last message in each direction arrives: control streams are ordered. */
  readonly arriveMs: [number, number];
}

/** One that lies says of every node that it is the way there, at no cost, and does nothing else. */
export interface SimulatedNode {
  readonly key: RouteKey;
  readonly links: Map<number, Link>;
  router: Router;
  life: number;
  sequence: bigint;
  isAnnounced: boolean;
  isLiar: boolean;
  /** Next hops, by destination. */
  readonly next: Map<number, number>;
  readonly announcements: Map<number, bigint>;
  timerAtMs: number;
  changed: number[];
}

type Message =
  | { readonly routes: readonly RouteUpdate[] }
  | { readonly request: RouteKey; readonly sequence: bigint; readonly ttl: number }
  | { readonly announcement: number; readonly sequence: bigint };

const ROUTE_BYTES = 23;
const REQUEST_BYTES = 18;
const ROUTES_PER_MESSAGE = 48;
/** How long an end takes to notice that a link is dead, at least and at most. */
const DETECTION_MS = [10, 60] as const;

/** Routers over links with delays, in virtual time. After every call of a router, whatever it changed is checked to be free of loops. */
export class RoutingNetwork {
  readonly nodes: SimulatedNode[];
  readonly links: Link[] = [];
  readonly random: SeededRandom;
  readonly seed: string;
  nowMs = 0;
  /** Of control, without announcements, sent by all nodes. */
  bytes = 0;
  messages = 0;
  walks = 0;
  /** Times that a way went on by another next hop. */
  moves = 0;
  readonly #events = new EventHeap();
  readonly #indexOf = new Map<RouteKey, number>();

  constructor(seed: string, nodeCount: number, edges: readonly Edge[]) {
    this.seed = seed;
    this.random = new SeededRandom(seed, 'network');
    const ids = new SeededRandom(seed, 'ids');
    this.nodes = Array.from({ length: nodeCount }, (_, index) => {
      const key = routeKey(Uint8Array.from({ length: 8 }, () => ids.below(256)));
      this.#indexOf.set(key, index);
      const sequence = 1n;
      const router = this.#createRouter(index, key, sequence);
      const [links, next, announcements] = [new Map<number, Link>(), new Map<number, number>(), new Map<number, bigint>()];
      const flags = { isAnnounced: false, isLiar: false };
      return { key, links, router, life: 1, sequence, ...flags, next, announcements, timerAtMs: Number.POSITIVE_INFINITY, changed: [] };
    });
    for (const edge of edges) this.addLink(edge);
  }

  addLink(edge: Edge): Link {
    const end = (): End => ({ session: 0, peerLife: 0 });
    const link: Link = { ...edge, isUp: false, session: 0, ends: [end(), end()], arriveMs: [0, 0] };
    this.links.push(link);
    this.node(edge.one).links.set(edge.other, link);
    this.node(edge.other).links.set(edge.one, link);
    this.heal(link);
    return link;
  }

  node(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  /** A node announces itself, again when it did so before. */
  announce(index: number): void {
    const node = this.node(index);
    if (node.isAnnounced) node.sequence++;
    node.isAnnounced = true;
    this.#call(index, () => node.router.setOwnSequence(node.sequence, this.nowMs));
    this.#spread(index, index, node.sequence);
  }

  /** Nothing passes from now on; each end notices in its own time. */
  fail(link: Link): void {
    if (!link.isUp) return;
    link.isUp = false;
    for (const side of [0, 1] as const) {
      const { session } = link.ends[side];
      if (session !== 0) this.at(this.#after(DETECTION_MS), () => this.#down(link, side, session));
    }
  }

  heal(link: Link): void {
    if (link.isUp) return;
    link.isUp = true;
    this.#newSession(link);
  }

  setCost(link: Link, costMicros: number): void {
    for (const side of [0, 1] as const) {
      const { router } = this.node(nodeAt(link, side));
      const { key } = this.node(nodeAt(link, 1 - side));
      this.#call(nodeAt(link, side), () => {
        for (let sample = 0; sample < 20; sample++) router.costMeasured(key, costMicros, this.nowMs);
      });
    }
  }

  /** The node loses all that it knew but its newest sequence, which it jumps above. Its neighbours notice with its new sessions. */
  restart(index: number): void {
    const node = this.node(index);
    node.life++;
    node.sequence += 1_000n;
    node.router = this.#createRouter(index, node.key, node.sequence);
    node.next.clear();
    node.announcements.clear();
    if (node.isAnnounced) node.announcements.set(index, node.sequence);
    for (const link of node.links.values()) {
      const own = link.ends[sideOf(link, index)];
      own.session = 0;
      if (link.isUp) this.#newSession(link);
    }
  }

  at(timeMs: number, action: () => void): void {
    this.#events.push(timeMs, action);
  }

  run(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (let event = this.#events.popUntil(untilMs); event !== null; event = this.#events.popUntil(untilMs)) {
      this.nowMs = event.timeMs;
      event.action();
    }
    this.nowMs = untilMs;
  }

  /** Pairs of a node and an announced one that are linked by links that are up, and between which forwarding does not lead. */
  unreached(): string[] {
    const faults: string[] = [];
    this.nodes.forEach((target, destination) => {
      if (!target.isAnnounced) return;
      for (const from of this.reachable(destination)) {
        const end = this.#walk(from, destination);
        if (end !== destination) faults.push(`${from} to ${destination} ends at ${end}`);
      }
    });
    return faults;
  }

  /** All honest nodes with links to `index`, over however many. */
  reachable(index: number): Set<number> {
    const found = new Set([index]);
    for (const at of found) for (const [other, link] of this.node(at).links) if (link.isUp && !this.node(other).isLiar) found.add(other);
    return found;
  }

  /** From now on a node lies. What it told before stays. */
  lie(index: number): void {
    const node = this.node(index);
    node.isLiar = true;
    for (const other of node.links.keys()) for (const [destination, sequence] of node.announcements) this.#tell(index, other, destination, sequence);
  }

  /** Where what a node sends to another ends up. */
  endOfWay(from: number, destination: number): number {
    return this.#walk(from, destination);
  }

  send(from: number, to: number, message: Message): void {
    const link = this.node(from).links.get(to);
    if (link === undefined) throw new Error(`${from} and ${to} have no link`);
    const side = sideOf(link, from);
    const { session } = link.ends[side];
    this.#count(message);
    if (!link.isUp || session === 0) return;
    link.arriveMs[side] = Math.max(link.arriveMs[side], this.nowMs + link.delayMs * (1 + 0.2 * this.random.next()));
    this.at(link.arriveMs[side], () => this.#deliver(link, from, to, session, message));
  }

  #createRouter(index: number, self: RouteKey, sequence: bigint): Router {
    const to = (key: RouteKey) => this.#indexOf.get(key) ?? -1;
    const outputs: RouterOutputs = {
      waysChanged: (changes) => {
        const node = this.node(index);
        for (const { destination, before, after } of changes) {
          if (before !== null && after !== null && before.nextHop !== after.nextHop) this.moves++;
          if (after === null) node.next.delete(to(destination));
          else node.next.set(to(destination), to(after.nextHop));
          node.changed.push(to(destination));
        }
        this.#checkChanged(index);
      },
      sendUpdates: (neighbour, routes) => {
        if (!this.node(index).isLiar) this.send(index, to(neighbour), { routes });
      },
      sendRequest: (neighbour, request, wanted, ttl) => {
        if (!this.node(index).isLiar) this.send(index, to(neighbour), { request, sequence: wanted, ttl });
      },
      sequenceWanted: () => {
        const life = this.node(index).life;
        this.at(this.nowMs, () => this.node(index).life === life && this.announce(index));
      },
      ownSequenceHeard: () => {},
    };
    return new Router({ self, sequence, isRelay: true }, outputs);
  }

  #newSession(link: Link): void {
    const session = ++link.session;
    for (const side of [0, 1] as const) this.at(this.#after([link.delayMs, 3 * link.delayMs + 5]), () => this.#up(link, side, session));
  }

  #up(link: Link, side: 0 | 1, session: number): void {
    const end = link.ends[side];
    if (!link.isUp || link.session !== session || end.session === session) return;
    const [index, other] = [nodeAt(link, side), nodeAt(link, 1 - side)];
    end.session = session;
    end.peerLife = this.node(other).life;
    const { router, announcements } = this.node(index);
    for (const [destination, sequence] of announcements) this.#tell(index, other, destination, sequence);
    this.#call(index, () => router.neighbourUp(this.node(other).key, 2_000 * link.delayMs, 1_400, this.nowMs));
  }

  #down(link: Link, side: 0 | 1, session: number): void {
    const end = link.ends[side];
    if (end.session !== session) return;
    end.session = 0;
    const [index, other] = [nodeAt(link, side), nodeAt(link, 1 - side)];
    this.#call(index, () => this.node(index).router.neighbourDown(this.node(other).key, this.nowMs));
  }

  #deliver(link: Link, from: number, to: number, session: number, message: Message): void {
    if (!link.isUp || link.session !== session) return;
    this.#up(link, sideOf(link, to), session);
    const { router, isLiar } = this.node(to);
    const { key } = this.node(from);
    if ('announcement' in message) this.#spread(to, message.announcement, message.sequence);
    else if ('routes' in message) this.#call(to, () => router.updated(key, message.routes, this.nowMs));
    else if (!isLiar) this.#call(to, () => router.sequenceRequested(key, message.request, message.sequence, message.ttl, this.nowMs));
  }

  #spread(index: number, destination: number, sequence: bigint): void {
    const { announcements, router, links } = this.node(index);
    if ((announcements.get(destination) ?? 0n) >= sequence) return;
    announcements.set(destination, sequence);
    for (const other of links.keys()) this.#tell(index, other, destination, sequence);
    this.#call(index, () => router.announcementKnown(this.node(destination).key, sequence, this.nowMs));
  }

  /** Passes an announcement on. A liar adds that it is the way there, of this sequence or one to come. */
  #tell(index: number, other: number, destination: number, sequence: bigint): void {
    this.send(index, other, { announcement: destination, sequence });
    if (!this.node(index).isLiar || destination === index) return;
    const claimed = sequence + (this.random.chance(0.2) ? 50n : 0n);
    this.send(index, other, { routes: [{ destination: this.node(destination).key, sequence: claimed, metricMicros: 0, mtuBytes: 0xffff, hops: 0 }] });
  }

  #call(index: number, action: () => void): void {
    action();
    const node = this.node(index);
    const { nextAtMs } = node.router;
    if (nextAtMs >= node.timerAtMs || nextAtMs === Number.POSITIVE_INFINITY) return;
    node.timerAtMs = nextAtMs;
    this.at(Math.max(nextAtMs, this.nowMs), () => {
      if (node.timerAtMs !== nextAtMs) return;
      node.timerAtMs = Number.POSITIVE_INFINITY;
      this.#call(index, () => node.router.onTimer(this.nowMs));
    });
  }

  #checkChanged(index: number): void {
    const { changed } = this.node(index);
    for (const destination of changed.splice(0)) this.#walk(index, destination);
  }

  /** Where forwarding from a node leads. Throws when that is back to where it was. */
  #walk(from: number, destination: number): number {
    this.walks++;
    let at = from;
    for (let hops = 0; at !== destination && !this.node(at).isLiar; hops++) {
      if (hops > this.nodes.length) throw new Error(`seed ${this.seed}: a loop from ${from} to ${destination} at ${this.nowMs} ms`);
      const next = this.node(at).next.get(destination);
      if (next === undefined) return at;
      const link = this.node(at).links.get(next);
      // What is sent in a session with a former life of the next hop is read by nobody.
      if (link === undefined || link.ends[sideOf(link, at)].peerLife !== this.node(next).life) return at;
      at = next;
      if (at === from) throw new Error(`seed ${this.seed}: a loop through ${from} to ${destination} at ${this.nowMs} ms`);
    }
    return at;
  }

  #count(message: Message): void {
    if ('announcement' in message) return;
    this.messages++;
    this.bytes += 'routes' in message ? ROUTE_BYTES * message.routes.length + Math.ceil(message.routes.length / ROUTES_PER_MESSAGE) : REQUEST_BYTES;
  }

  #after([least, most]: readonly [number, number]): number {
    return this.nowMs + least + (most - least) * this.random.next();
  }
}

function nodeAt(link: Link, side: number): number {
  return side === 0 ? link.one : link.other;
}

function sideOf(link: Link, index: number): 0 | 1 {
  return link.one === index ? 0 : 1;
}

interface Event {
  readonly timeMs: number;
  readonly order: number;
  readonly action: () => void;
}

/** A binary heap; of one time, in the order of insertion. */
class EventHeap {
  readonly #heap: Event[] = [];
  #order = 0;

  push(timeMs: number, action: () => void): void {
    const event = { timeMs, order: this.#order++, action };
    let at = this.#heap.length;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.#heap[up] as Event;
      if (isBefore(parent, event)) break;
      this.#heap[at] = parent;
      at = up;
    }
    this.#heap[at] = event;
  }

  /** The first one; `null`: none until then. */
  popUntil(timeMs: number): Event | null {
    const first = this.#heap[0];
    if (first === undefined || first.timeMs > timeMs) return null;
    const last = this.#heap.pop() as Event;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [this.#heap[child], this.#heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child++;
      const least = this.#heap[child] as Event;
      if (isBefore(event, least)) break;
      this.#heap[at] = least;
      at = child;
    }
    this.#heap[at] = event;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.order < other.order);
}
