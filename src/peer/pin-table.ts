import { formatHost, type HostAndPort, type NodeId } from '../identity/index.js';

/** Addresses whose id is remembered, about 150 bytes each. The one that was joined first is forgotten first. */
const PINS_MAX = 16_384;

/** A host and port, as written, and who was found there. */
export type Pin = readonly [host: string, id: NodeId];

/** The ids that were found by address: each is pinned to its address for as long as the node lives. */
export class PinTable {
  readonly #ids: Map<string, NodeId>;
  readonly #onPinned: (hosts: readonly HostAndPort[], id: NodeId) => void;

  /** `onPinned` hears of what was not pinned so before. */
  constructor(pins: readonly Pin[] = [], onPinned: (hosts: readonly HostAndPort[], id: NodeId) => void = () => {}) {
    this.#ids = new Map(pins);
    this.#onPinned = onPinned;
  }

  /** All, the first that was joined first. */
  get pins(): readonly Pin[] {
    return [...this.#ids];
  }

  get(host: HostAndPort): NodeId | undefined {
    return this.#ids.get(formatHost(host));
  }

  pin(hosts: readonly HostAndPort[], id: NodeId): void {
    if (hosts.every((host) => this.get(host) === id)) return;
    this.adopt(hosts, id);
    this.#onPinned(hosts, id);
  }

  /** Another table has these pins, and decides: nobody is told, as that would answer it for ever. */
  adopt(hosts: readonly HostAndPort[], id: NodeId): void {
    for (const host of hosts) this.#ids.set(formatHost(host), id);
    for (const first of this.#ids.keys()) {
      if (this.#ids.size <= PINS_MAX) break;
      this.#ids.delete(first);
    }
  }

  /** The same of a table that does not decide: who was found here first stays. */
  adoptFree(hosts: readonly HostAndPort[], id: NodeId): void {
    this.adopt(
      hosts.filter((host) => this.get(host) === undefined),
      id,
    );
  }
}
