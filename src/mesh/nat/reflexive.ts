/** What peers see of this node's addresses, and what follows from that about the routers between. */
import { isIPv6 } from 'node:net';
import type { SocketAddress } from '../../api/peers.js';
import type { NodeInfo } from '../../api/stats.js';
import type { HostAndPort } from '../../identity/index.js';

export type NatClass = NodeInfo['nat'];

/** Observers that count; of more, those heard of last. */
const OBSERVERS_MAX = 64;
/** Addresses that are taken from what observers say. */
const SEEN_MAX = 8;

/** One peer's word on where it sees this node. */
export interface Observation {
  /** The socket of this node that the peer is reached from. */ readonly socket: number;
  /** Where the peer itself is seen: two observers of one host may be one router's view. */ readonly observerHost: string;
  readonly seen: SocketAddress;
  /** The address is one of this machine's, and the port that of the socket. */ readonly isOwn: boolean;
}

/** Class and addresses at one moment: they change together, so that nobody sees the one without the other. */
export interface ReflexiveState {
  readonly nat: NatClass;
  /** A router changes this node's address. */ readonly isTranslated: boolean;
  /** Where peers see this node, other than at the machine's own addresses; what most see is first. */ readonly seen: readonly HostAndPort[];
  /** Of these, where others would see it, too. */ readonly shared: readonly HostAndPort[];
}

const NOTHING: ReflexiveState = { nat: 'unknown', isTranslated: false, seen: [], shared: [] };

/** From the best to the worst that can be known of one socket. */
const CLASSES: readonly NatClass[] = ['none', 'unknown', 'endpoint-independent', 'endpoint-dependent'];

/** See the file's head. */
export class Reflexive {
  readonly #byObserver = new Map<string, Observation>();
  #state: ReflexiveState = NOTHING;

  get state(): ReflexiveState {
    return this.#state;
  }

  /** `observer` says where it sees this node, instead of what it said before. True: the state is another. */
  saw(observer: string, observation: Observation): boolean {
    this.#byObserver.delete(observer);
    this.#byObserver.set(observer, observation);
    for (const oldest of this.#byObserver.keys()) {
      if (this.#byObserver.size <= OBSERVERS_MAX) break;
      this.#byObserver.delete(oldest);
    }
    return this.#renew();
  }

  /** What `observer` said holds no longer. True: the state is another. */
  forget(observer: string): boolean {
    return this.#byObserver.delete(observer) && this.#renew();
  }

  #renew(): boolean {
    const before = this.#state;
    this.#state = stateOf([...this.#byObserver.values()]);
    return JSON.stringify(before) !== JSON.stringify(this.#state);
  }
}

/** What observations of all sockets say together: the worst of them. */
export function stateOf(observations: readonly Observation[]): ReflexiveState {
  const states = groupBy(observations, ({ socket, seen }) => `${socket} ${isIPv6(seen.host) ? 6 : 4}`).map(stateOfSocket);
  if (states.length === 0) return NOTHING;
  const worst = Math.max(...states.map(({ nat }) => CLASSES.indexOf(nat)));
  return {
    nat: CLASSES[worst] ?? 'unknown',
    isTranslated: states.some(({ isTranslated }) => isTranslated),
    seen: states.flatMap(({ seen }) => seen).slice(0, SEEN_MAX),
    shared: states.flatMap(({ shared }) => shared).slice(0, SEEN_MAX),
  };
}

/** Those of one socket and family. Observers on this side of the router see the machine's own address: they say nothing of the router. */
function stateOfSocket(observations: readonly Observation[]): ReflexiveState {
  const outside = observations.filter(({ isOwn }) => !isOwn);
  if (outside.length === 0) return { nat: 'none', isTranslated: false, seen: [], shared: [] };
  const views = groupBy(outside, ({ seen }) => `${seen.host} ${seen.port}`).sort((a, b) => hostCount(b) - hostCount(a));
  const seen = views.flatMap(([first]) => (first === undefined ? [] : [{ host: first.seen.host, port: first.seen.port }]));
  const [most = []] = views;
  // One observer that lies, or that has a router of its own, does not outvote two that agree.
  if (hostCount(most) >= 2 && 2 * hostCount(most) > hostCount(outside)) {
    return { nat: 'endpoint-independent', isTranslated: true, seen: seen.slice(0, 1), shared: seen.slice(0, 1) };
  }
  return { nat: views.length > 1 ? 'endpoint-dependent' : 'unknown', isTranslated: true, seen, shared: [] };
}

/** How many hosts saw it. */
function hostCount(observations: readonly Observation[]): number {
  return new Set(observations.map(({ observerHost }) => observerHost)).size;
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return [...groups.values()];
}
