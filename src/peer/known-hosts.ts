import type { HostAndPort } from '../identity/index.js';

/** More hosts of one peer than any node announces; the oldest are forgotten. */
const HOSTS_MAX = 64;

/** Where a peer is looked for: what callers gave, and where it was seen last. */
export class KnownHosts {
  #given: readonly HostAndPort[] = [];
  #lastSeen: HostAndPort | null = null;

  /** All of them, the one seen last at the end. */
  get all(): readonly HostAndPort[] {
    const seen = this.#lastSeen;
    return seen === null ? this.#given : [...this.#given.filter((host) => !isSame(host, seen)), seen];
  }

  /** Somebody here gave one. */
  get areGiven(): boolean {
    return this.#given.length > 0;
  }

  add(hosts: readonly HostAndPort[]): void {
    const added = hosts.filter((host) => !this.#given.some((known) => isSame(known, host)));
    this.#given = [...this.#given, ...added].slice(-HOSTS_MAX);
  }

  /** A handshake with the peer came through here. */
  saw(host: HostAndPort): void {
    this.#lastSeen = host;
  }
}

function isSame(a: HostAndPort, b: HostAndPort): boolean {
  return a.host === b.host && a.port === b.port;
}
