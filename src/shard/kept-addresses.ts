import { formatAddress, type HostAndPort, type NodeAddress, type NodeId } from '../identity/index.js';
import type { RemotePeer } from './remote-peer.js';
import type { RemotePeers } from './remote-peers.js';
import type { ShardDirectory } from './shard-directory.js';
import type { ShardLink } from './shard-link.js';

/** The shard that looks for peers by address. */
const FINDER = 0;

/** The peers that the options keep connected, each in the shard where it lives. */
export class KeptAddresses {
  readonly #own: NodeId;
  readonly #directory: ShardDirectory;
  readonly #peers: RemotePeers;
  #addresses: readonly NodeAddress[] = [];
  /** What each shard keeps. */
  readonly #kept = new Map<ShardLink, readonly string[]>();
  /** One distribution at a time. */
  #done: Promise<unknown> = Promise.resolve();

  /** `own` is this node's id, which is passed over. */
  constructor(own: NodeId, directory: ShardDirectory, peers: RemotePeers) {
    this.#own = own;
    this.#directory = directory;
    this.#peers = peers;
  }

  /** Keeps the peers at `addresses`, and those of before no longer. Rejects with LIMIT, and then changes nothing. */
  replace(addresses: readonly NodeAddress[]): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#addresses;
      this.#addresses = addresses.filter(({ id }) => id !== this.#own);
      try {
        await this.#distribute();
      } catch (error) {
        this.#addresses = before;
        await this.#distribute().catch(() => {});
        throw error;
      }
      const stay = new Set(addresses.map(formatAddress));
      for (const address of before) if (address.id === null && !stay.has(formatAddress(address))) this.#release(formatAddress(address));
    });
  }

  /** A shard died, or is back: what it kept is kept by whoever has the peers now. Never rejects. */
  redistribute(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#distribute();
      await Promise.all(this.#peers.values().map((peer) => this.#keepAgain(peer)));
    }).catch(() => {});
  }

  /** A peer that was found at an address that is kept connected lives in another shard than it was found in. */
  keepFound(id: NodeId, hosts: readonly HostAndPort[], reason: string): void {
    const isWanted = () => this.#addresses.some((address) => address.id === null && formatAddress(address) === reason);
    this.#directory.keep(id, hosts, false, reason, isWanted).catch(() => {});
  }

  /** A peer is closed: who is at the addresses that it was kept for is looked for again. */
  onClosed(peer: RemotePeer): void {
    const finder = this.#directory.running.find(({ index }) => index === FINDER);
    for (const address of this.#addresses) {
      const target = formatAddress(address);
      if (address.id === null && peer.keptFor.delete(target)) finder?.call('goneElsewhere', { target }).catch(() => {});
    }
  }

  /** The shard of a peer that is to be kept connected died. What fails is done when the next shard is back. */
  async #keepAgain(peer: RemotePeer): Promise<void> {
    if (peer.home !== null || peer.closing !== null) return;
    const isWanted = () => peer.closing === null;
    for (const reason of peer.keptFor) {
      await this.#directory.keep(peer.id, peer.knownHosts, peer.verified === 'id', reason, isWanted).catch(() => {});
    }
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#done.then(run);
    this.#done = done.catch(() => {});
    return done;
  }

  async #distribute(): Promise<void> {
    const wanted = new Map<ShardLink, string[]>(this.#directory.running.map((shard) => [shard, []]));
    for (const address of this.#addresses) {
      const shard = address.id === null ? this.#directory.at(FINDER) : await this.#directory.homeOf(address.id);
      wanted.get(shard)?.push(formatAddress(address));
    }
    for (const shard of this.#kept.keys()) if (!shard.isRunning) this.#kept.delete(shard);
    for (const [shard, peers] of wanted) {
      const before = this.#kept.get(shard) ?? [];
      if (before.join() === peers.join()) continue;
      await shard.call('reload', { secrets: null, peers });
      this.#kept.set(shard, peers);
    }
  }

  /** Of an address to join by, whose peer may live anywhere. */
  #release(reason: string): void {
    for (const peer of this.#peers.values()) {
      if (peer.keptFor.delete(reason) && peer.home !== null) peer.home.shard.call('release', { peer: peer.home.key, reason }).catch(() => {});
    }
  }
}
