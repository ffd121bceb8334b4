import type { Runtime, Timer } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { formatAddress, type HostAndPort, type NodeAddress, type NodeId } from '../identity/index.js';
import { unlessStuck } from './patience.js';
import type { RemotePeer } from './remote-peer.js';
import type { RemotePeers } from './remote-peers.js';
import type { ShardDirectory } from './shard-directory.js';
import { noRoomForPeers, shardDown } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/** The shard that looks for peers by address. */
const FINDER = 0;

/** Peers that found no place are tried again after a pause that doubles. */
const PAUSE_MS_MIN = 500;
const PAUSE_MS_MAX = 30_000;

/** A peer that was found at an address that is kept connected, and lives in another shard than it was found in. */
interface Found {
  readonly id: NodeId;
  readonly hosts: readonly HostAndPort[];
}

/** The peers that are kept connected, each in the shard where it lives: those of the options, and those that a shard had which died. */
export class KeptAddresses {
  readonly #own: NodeId;
  readonly #directory: ShardDirectory;
  readonly #peers: RemotePeers;
  readonly #runtime: Runtime;
  readonly #warn: (error: OsierError) => void;
  #addresses: readonly NodeAddress[] = [];
  /** By the address that is kept, as written. */
  readonly #found = new Map<string, Found>();
  /** What each shard keeps; `null` where it has not answered. */
  readonly #kept = new Map<ShardLink, readonly string[] | null>();
  /** One distribution at a time. */
  #done: Promise<unknown> = Promise.resolve();
  #retry: Timer | null = null;
  #pauseMs = PAUSE_MS_MIN;
  /** That there is no room was told, and there was none since. */
  #hasWarned = false;
  #isClosed = false;

  /** `own` is this node's id, which is passed over. `warn` hears when there is no room for a peer, once until all have some. */
  constructor(own: NodeId, directory: ShardDirectory, peers: RemotePeers, runtime: Runtime, warn: (error: OsierError) => void) {
    this.#own = own;
    this.#directory = directory;
    this.#peers = peers;
    this.#runtime = runtime;
    this.#warn = warn;
  }

  /** Keeps the peers at `addresses`, and those of before no longer. Rejects with LIMIT, and then changes nothing; while a shard is down, what fails is done later. */
  replace(addresses: readonly NodeAddress[]): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#addresses;
      this.#addresses = addresses.filter(({ id }) => id !== this.#own);
      const failures = await this.#distribute(this.#directory.isWhole);
      const refusal = this.#directory.isWhole ? failures.find(isLimit) : undefined;
      if (refusal !== undefined) {
        this.#addresses = before;
        this.#settle(await this.#distribute(false));
        throw refusal;
      }
      this.#settle(failures);
      const stay = new Set(addresses.map(formatAddress));
      for (const address of before) if (address.id === null && !stay.has(formatAddress(address))) this.#release(formatAddress(address));
    });
  }

  /** A shard died, or is back: what it kept is kept by whoever has the peers now. What fails is tried again. Never rejects. */
  redistribute(): Promise<void> {
    return this.#inTurn(async () => {
      const failures = await this.#distribute(false);
      const kept = await Promise.all([
        ...[...this.#found].map(([reason, found]) => this.#keepFound(reason, found)),
        ...this.#peers.values().map((peer) => this.#keepAgain(peer)),
      ]);
      this.#settle([...failures, ...kept.flat()]);
    });
  }

  /** A peer that was found at an address that is kept connected lives in another shard than it was found in. */
  keepFound(id: NodeId, hosts: readonly HostAndPort[], reason: string): void {
    this.#found.set(reason, { id, hosts });
    if (this.#peers.get(id)?.state.status === 'connected') this.onConnected(id);
    void this.redistribute();
  }

  /** A peer is closed: who is at the addresses that it was kept for is looked for again. */
  onClosed(peer: RemotePeer): void {
    const finder = this.#directory.running.find(({ index }) => index === FINDER);
    for (const address of this.#addresses) {
      const target = formatAddress(address);
      if (address.id !== null) continue;
      // One that was found while it was being closed was never kept.
      const isFound = this.#found.get(target)?.id === peer.id;
      if (!peer.keptFor.delete(target) && !isFound) continue;
      this.#found.delete(target);
      finder?.call('goneElsewhere', { target }).catch(() => {});
    }
  }

  /** A peer is connected: it is the one at the addresses that it was found at. */
  onConnected(id: NodeId): void {
    for (const found of this.#found.values()) if (found.id === id) this.#directory.pinFound(found.hosts, id);
  }

  /** Nothing is tried any more. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }

  /** Places what can be placed; returns why the rest cannot. `isWhole`: each shard takes all that is meant for it, or nothing. */
  async #distribute(isWhole: boolean): Promise<unknown[]> {
    const failures: unknown[] = [];
    const wanted = new Map<ShardLink, string[]>(this.#directory.running.map((shard) => [shard, []]));
    const homes = await Promise.allSettled(this.#addresses.map((address) => this.#homeOf(address)));
    this.#addresses.forEach((address, index) => {
      const home = homes[index];
      const list = home?.status === 'fulfilled' ? wanted.get(home.value) : undefined;
      if (list !== undefined) list.push(formatAddress(address));
      else failures.push(home?.status === 'rejected' ? home.reason : shardDown(FINDER));
    });
    if (isWhole && failures.some(isLimit)) return failures;
    for (const shard of this.#kept.keys()) if (!shard.isRunning) this.#kept.delete(shard);
    const kept = await Promise.all([...wanted].map(([shard, peers]) => this.#keepIn(shard, peers, isWhole)));
    return [...failures, ...kept.flat()];
  }

  /** One that is stuck takes it in when it wakes, and is told again what is wanted then. */
  async #keepIn(shard: ShardLink, peers: readonly string[], isWhole: boolean): Promise<unknown[]> {
    const before = this.#kept.get(shard);
    if (before !== null && (before ?? []).join() === peers.join()) return [];
    try {
      const without = await unlessStuck(this.#runtime, shard, (signal) => shard.call('keepPeers', { peers, isWhole }, signal));
      const kept = peers.filter((peer) => !without.includes(peer));
      this.#kept.set(shard, kept);
      return kept.length < peers.length ? [noRoomForPeers()] : [];
    } catch (error) {
      if (!isLimit(error)) this.#kept.set(shard, null);
      return [error];
    }
  }

  async #homeOf({ id }: NodeAddress): Promise<ShardLink> {
    return id === null ? this.#directory.at(FINDER) : this.#directory.homeOf(id);
  }

  async #keepFound(reason: string, found: Found): Promise<unknown[]> {
    const { id, hosts } = found;
    if (!this.#addresses.some((address) => address.id === null && formatAddress(address) === reason)) {
      this.#found.delete(reason);
      return [];
    }
    const peer = this.#peers.get(id);
    return peer?.home && peer.keptFor.get(reason) === peer.home.shard
      ? []
      : this.#keep(id, hosts, false, reason, () => this.#found.get(reason) === found && !peer?.closing);
  }

  /** A peer whose shard died, and that is to be kept connected. */
  async #keepAgain(peer: RemotePeer): Promise<unknown[]> {
    const failures: unknown[] = [];
    if (peer.closing !== null) return failures;
    for (const [reason, shard] of peer.keptFor) {
      if (this.#found.has(reason) || shard === peer.home?.shard) continue;
      failures.push(...(await this.#keep(peer.id, peer.knownHosts, peer.verified === 'id', reason, () => peer.closing === null)));
    }
    return failures;
  }

  async #keep(id: NodeId, hosts: readonly HostAndPort[], byId: boolean, reason: string, isWanted: () => boolean): Promise<unknown[]> {
    try {
      await this.#directory.keep(id, hosts, byId, reason, isWanted);
      return [];
    } catch (error) {
      // There is nothing to be tried again.
      return OsierError.is(error, 'ERR_OSIER_REVOKED') ? [] : [error];
    }
  }

  /** Tries again where something failed. */
  #settle(failures: readonly unknown[]): void {
    this.#retry?.cancel();
    this.#retry = null;
    if (failures.length === 0) {
      this.#pauseMs = PAUSE_MS_MIN;
      this.#hasWarned = false;
      return;
    }
    const refusal = failures.find(isLimit);
    if (refusal !== undefined && !this.#hasWarned && this.#directory.isWhole) {
      this.#hasWarned = true;
      this.#warn(refusal);
    }
    if (this.#isClosed) return;
    this.#retry = this.#runtime.setTimer(this.#pauseMs, () => void this.redistribute());
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#done.then(run);
    this.#done = done.catch(() => {});
    return done;
  }

  /** Of an address to join by, whose peer may live anywhere. */
  #release(reason: string): void {
    this.#found.delete(reason);
    for (const peer of this.#peers.values()) {
      if (peer.keptFor.delete(reason) && peer.home !== null) peer.home.shard.call('release', { peer: peer.home.key, reason }).catch(() => {});
    }
  }
}

function isLimit(error: unknown): error is OsierError<'ERR_OSIER_LIMIT'> {
  return OsierError.is(error, 'ERR_OSIER_LIMIT');
}
