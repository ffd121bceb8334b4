import { isIP } from 'node:net';
import type { SocketAddress } from '../../api/peers.js';
import type { HostAndPort } from '../../identity/index.js';
import type { Candidate } from '../direct/messages.js';
import { type NatClass, Reflexive, type ReflexiveState } from './reflexive.js';

/** Of the addresses that a node tells of. */
const ADDRESSES_MAX = 16;

/** What the node itself knows of its addresses. */
export interface AddressSources {
  /** By its options. */ readonly advertised: readonly HostAndPort[];
  /** Of its sockets; for those that are bound to all addresses, with the machine's present ones. */
  bound(): readonly HostAndPort[];
}

/** A neighbour, as far as its word on this node's address goes. */
export interface Observer {
  readonly id: string;
  /** Where it is. */ readonly host: string;
  /** The socket that it is reached from, by its number, and its local end. */ readonly socket: number;
  readonly local: SocketAddress;
}

/** Where this node may be reached, by its own knowledge and by what its neighbours see. */
export class OwnAddresses {
  readonly #sources: AddressSources;
  readonly #reflexive = new Reflexive();
  #told = '';

  constructor(sources: AddressSources) {
    this.#sources = sources;
    this.#told = this.#text();
  }

  get state(): ReflexiveState {
    return this.#reflexive.state;
  }

  get nat(): NatClass {
    return this.#reflexive.state.nat;
  }

  /** A neighbour says where it sees this node. */
  saw({ id, host, socket, local }: Observer, seen: SocketAddress): void {
    const own = [local.host, ...this.#sources.bound().map((bound) => bound.host)];
    const isOwn = seen.port === local.port && (own.includes(seen.host) || isLoopback(seen.host));
    this.#reflexive.saw(id, { socket, observerHost: host, seen, isOwn });
  }

  /** The neighbour is none any more. */
  forget(id: string): void {
    this.#reflexive.forget(id);
  }

  /** Whether addresses or class are others than when this was asked last. */
  takeChange(): boolean {
    const before = this.#told;
    this.#told = this.#text();
    return this.#told !== before;
  }

  /** What all members may be told. */
  announced(): readonly HostAndPort[] {
    return distinct([...this.#sources.advertised, ...this.#sources.bound(), ...this.state.shared]);
  }

  /** What to give to somebody who wants to connect: also what may not be of use to everybody. */
  shown(): readonly HostAndPort[] {
    const { nat, seen } = this.state;
    return distinct([...this.#sources.advertised, ...this.#sources.bound(), ...(nat === 'endpoint-dependent' ? [] : seen)]);
  }

  /** What a peer is told that looks for a direct way. */
  candidates(): readonly Candidate[] {
    const { advertised } = this.#sources;
    const ofKind = (kind: Candidate['kind'], hosts: readonly HostAndPort[]): Candidate[] => hosts.map(({ host, port }) => ({ kind, host, port }));
    const all = [...ofKind('advertised', advertised), ...ofKind('seen', this.state.seen), ...ofKind('bound', this.#sources.bound())];
    return distinct(all.filter(({ host }) => isIP(host) !== 0));
  }

  #text(): string {
    return JSON.stringify([this.state, this.candidates()]);
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

/** Each once, at its first place. */
function distinct<T extends HostAndPort>(hosts: readonly T[]): readonly T[] {
  const byName = new Map<string, T>();
  for (const host of hosts) {
    const name = `${host.host} ${host.port}`;
    if (!byName.has(name)) byName.set(name, host);
  }
  return [...byName.values()].slice(0, ADDRESSES_MAX);
}
