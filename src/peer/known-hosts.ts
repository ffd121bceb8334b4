import type { HostAndPort } from '../identity/index.js';

/** Twice what a node announces: with a pause between them, the last is tried after four seconds. */
const HOSTS_MAX = 16;

/** Where a peer is looked for: what callers gave, and where it was seen last. */
export class KnownHosts {
  /** By the last call that gave any. */
  #latest: readonly HostAndPort[] = [];
  #earlier: readonly HostAndPort[] = [];
  #lastSeen: HostAndPort | null = null;

  /** In the order in which to try them: given last, seen last, given before. */
  get all(): readonly HostAndPort[] {
    const seen = this.#lastSeen === null ? [] : [this.#lastSeen];
    return distinct([...this.#latest, ...seen, ...this.#earlier]);
  }

  /** The same with the one that was seen last in front: where the peer is connected. */
  get seenFirst(): readonly HostAndPort[] {
    return this.#lastSeen === null ? this.all : distinct([this.#lastSeen, ...this.#latest, ...this.#earlier]);
  }

  /** The same, and after them what the peer announced: what was configured goes before what was learned. `seenFirst`: as in {@link KnownHosts.seenFirst}. */
  with(announced: readonly HostAndPort[], seenFirst: boolean): readonly HostAndPort[] {
    const known = seenFirst ? this.seenFirst : this.all;
    return announced.length === 0 ? known : distinct([...known, ...announced]);
  }

  /** Somebody here gave one. */
  get areGiven(): boolean {
    return this.#latest.length > 0;
  }

  add(hosts: readonly HostAndPort[]): void {
    if (hosts.length === 0) return;
    this.#earlier = distinct([...this.#latest, ...this.#earlier]);
    this.#latest = distinct(hosts);
  }

  /** A handshake with the peer came through here. */
  saw(host: HostAndPort): void {
    this.#lastSeen = host;
  }
}

/** Each once, at its first place; the first {@link HOSTS_MAX}. */
function distinct(hosts: readonly HostAndPort[]): readonly HostAndPort[] {
  const byName = new Map<string, HostAndPort>();
  for (const host of hosts) {
    const name = `${host.host} ${host.port}`;
    if (!byName.has(name)) byName.set(name, host);
  }
  return [...byName.values()].slice(0, HOSTS_MAX);
}
