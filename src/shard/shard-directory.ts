import type { TimedWaitOptions } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { formatAddress, type HostAndPort, type NodeAddress, type NodeId } from '../identity/index.js';
import { countdown, PinTable, WAIT_TIMEOUT_MS } from '../peer/index.js';
import { unlessStuck } from './patience.js';
import type { ShardCalls, ToShard } from './protocol.js';
import type { RemotePeer } from './remote-peer.js';
import type { RemotePeers } from './remote-peers.js';
import { noRoomForPeers, shardDown } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/** The shard that knows where peers live, and looks for those of which only an address is known. */
const CONTROL = 0;

type Connected = ShardCalls['connect']['value'];
type PinNews = Extract<ToShard, { op: 'pin' }>;

/** Of a connection that is asked for. */
export interface ConnectRequest extends TimedWaitOptions {
  /** Somebody asks for the id. */
  readonly byId: boolean;
  /** Why the peer is to be kept connected. */
  readonly keep: string | null;
  /** The address of a relay to go through. */
  readonly via?: string | null;
}

/** The same with the patience that is left; see {@link countdown}. */
interface BegunRequest extends ConnectRequest {
  readonly leftMs: () => number;
}

/** Which shards run, and where the peers live, as the main thread knows it: from there calls go to the right shard. */
export class ShardDirectory {
  readonly #peers: RemotePeers;
  readonly #count: number;
  readonly #runtime: Runtime;
  readonly #links = new Map<number, ShardLink>();
  /** What the shard has found that looks for peers by address: the next one in its place is to find the same. */
  readonly pins = new PinTable([], (hosts, id) => this.#tellPin({ op: 'pin', hosts, id }));
  /** Made while that shard was being started, with the pins of before. */
  readonly #untoldPins: PinNews[] = [];

  constructor(peers: RemotePeers, count: number, runtime: Runtime) {
    this.#peers = peers;
    this.#count = count;
    this.#runtime = runtime;
  }

  get running(): ShardLink[] {
    return [...this.#links.values()];
  }

  /** All run. */
  get isWhole(): boolean {
    return this.#links.size === this.#count;
  }

  add(shard: ShardLink): void {
    this.#links.set(shard.index, shard);
    if (shard.index === CONTROL) for (const pin of this.#untoldPins.splice(0)) shard.outbox.push(pin);
  }

  remove(shard: ShardLink): void {
    if (this.#links.get(shard.index) === shard) this.#links.delete(shard.index);
  }

  /** Throws SHARD_FAILED while it does not run. */
  at(index: number): ShardLink {
    const shard = this.#links.get(index);
    if (shard === undefined) throw shardDown(index);
    return shard;
  }

  /** Where an id lives, or is to. Rejects with LIMIT when there is no room, with SHARD_FAILED when that cannot be found out now; `signal` bounds how long that is tried. */
  async homeOf(id: NodeId, signal?: AbortSignal): Promise<ShardLink> {
    const home = this.#peers.get(id)?.home;
    if (home) return home.shard;
    if (this.#count === 1) return this.at(CONTROL);
    const control = this.at(CONTROL);
    const place = (patience: AbortSignal): Promise<number | null> => control.call('place', { id }, patience);
    const index = await (signal === undefined ? unlessStuck(this.#runtime, control, place) : place(signal));
    if (index === null) throw noRoomForPeers();
    return this.at(index);
  }

  /** Errors: as {@link MeshNode.connect}. */
  async connect(address: NodeAddress, asked: ConnectRequest): Promise<RemotePeer> {
    const request = { ...asked, leftMs: countdown(this.#runtime, asked.timeoutMs ?? WAIT_TIMEOUT_MS) };
    if (address.id === null) return this.#connectToPlace(address, request);
    return this.#connectIn(await this.homeOf(address.id, request.signal), address, request);
  }

  /** Keeps a peer connected, wherever it lives now, unless that `isWanted` no longer when it comes to it. Rejects as {@link ShardDirectory.homeOf}, and with SHARD_FAILED when its shard is stuck. */
  async keep(id: NodeId, hosts: readonly HostAndPort[], byId: boolean, reason: string, isWanted: () => boolean): Promise<void> {
    const shard = await this.homeOf(id);
    if (!isWanted()) return;
    const args = { target: formatAddress({ id, hosts }), byId, reason };
    const settle = ({ peer }: { peer: number }): void => {
      if (isWanted()) this.#peers.get(id)?.keptFor.set(reason, shard);
      else shard.call('release', { peer, reason }).catch(() => {});
    };
    // A shard that was stuck keeps it when it wakes.
    await unlessStuck(this.#runtime, shard, (signal) => shard.call('keep', args, signal, settle, settle));
  }

  /** A peer that was found at these hosts and lives elsewhere is connected. It is pinned to those where no other was found meanwhile. */
  pinFound(hosts: readonly HostAndPort[], id: NodeId): void {
    for (const host of hosts) if (this.pins.get(host) === undefined) this.pins.pin([host], id);
  }

  /** Nobody waits for the connection any more: it is kept no longer, unless somebody else asked for that. */
  #undo(shard: ShardLink, answer: Connected, keep: string | null): void {
    if (keep === null || 'elsewhere' in answer) return;
    // Answers that came with this one are heard first.
    queueMicrotask(() => {
      if (this.#peers.in(shard, answer.peer)?.keptFor.get(keep) === shard) return;
      shard.call('release', { peer: answer.peer, reason: keep }).catch(() => {});
    });
  }

  #tellPin(pin: PinNews): void {
    const control = this.#links.get(CONTROL);
    if (control === undefined) this.#untoldPins.push(pin);
    else control.outbox.push(pin);
  }

  async #connectToPlace(address: NodeAddress, request: BegunRequest): Promise<RemotePeer> {
    for (const host of address.hosts) {
      const id = this.pins.get(host);
      const peer = id === undefined ? undefined : this.#peers.get(id);
      // The shard that looks for peers by address would not know one that lives elsewhere.
      if (peer?.home && peer.home.shard.index !== CONTROL && peer.closing === null && peer.state.status === 'connected') {
        return this.#connectIn(peer.home.shard, { id: peer.id, hosts: [] }, { ...request, byId: false });
      }
    }
    return this.#connectIn(this.at(CONTROL), address, request);
  }

  async #connectIn(shard: ShardLink, address: NodeAddress, request: BegunRequest): Promise<RemotePeer> {
    const { byId, keep, timeoutMs, signal, via = null } = request;
    const args = { target: formatAddress(address), byId, keep, via, timeoutMs };
    // The shard may tell in the same breath that the peer is gone again.
    const take = (answer: Connected) => {
      if ('elsewhere' in answer) return answer;
      const peer = this.#peers.in(shard, answer.peer);
      if (keep !== null) peer?.keptFor.set(keep, shard);
      return { peer, verified: answer.verified };
    };
    const value = await shard.call('connect', args, signal, take, (answer) => this.#undo(shard, answer, keep));
    if ('elsewhere' in value) {
      // A join found it: it is the peer at that address, not one that somebody asked for by its id.
      const rest = { ...request, byId: false, timeoutMs: request.leftMs() };
      const found = await this.#connectIn(this.at(value.shard), { id: value.elsewhere, hosts: address.hosts }, rest);
      this.pinFound(address.hosts, found.id);
      return found;
    }
    const { peer } = value;
    if (peer === undefined) throw shardDown(shard.index);
    peer.onVerified(value.verified);
    peer.addHosts(address.hosts);
    return peer;
  }
}
