/** In which shard each peer lives. Pure: times are handed in. */
import type { NodeId } from '../identity/index.js';

/** A peer that was placed comes within this time, or its place is given up: as long as the patience of a dial. */
export const PLACE_KEPT_MS = 15_000;

/** Ids that may be placed for each peer that the node may have: callers that prove their key and are refused afterwards have a place until it
 *  is given up. Of more, the oldest that nobody came to is given up: who dials or is answered comes at once. */
const PLACES_PER_PEER = 4;

/** Where a peer lives, or is to. */
interface Place {
  readonly shard: number;
  /** When it is given up; `null` once the peer is there. */
  untilMs: number | null;
}

/** A shard that runs. */
interface Filling {
  /** Ids that are placed there. */
  count: number;
  readonly peersMax: number;
}

/** The table of a node's shards. An id is in one shard at most. */
export class Placement {
  readonly #placesMax: number;
  readonly #places = new Map<NodeId, Place>();
  /** Those that nobody came to yet, the oldest first. */
  readonly #awaited = new Set<NodeId>();
  /** Those that run. */
  readonly #shards = new Map<number, Filling>();

  readonly #onGivenUp: (id: NodeId, shard: number) => void;

  /** `peersMax`: of all shards together. `onGivenUp` hears of places that nobody came to, which are no more. */
  constructor(peersMax: number, onGivenUp: (id: NodeId, shard: number) => void = () => {}) {
    this.#placesMax = PLACES_PER_PEER * peersMax;
    this.#onGivenUp = onGivenUp;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Shards that run, in the order in which they were added. */
  get shards(): readonly number[] {
    return [...this.#shards.keys()];
  }

  /** A shard runs, without peers; it takes `peersMax`. */
  addShard(shard: number, peersMax: number): void {
    this.#shards.set(shard, { count: 0, peersMax });
  }

  /** A shard is gone, and its peers have no place any more. */
  removeShard(shard: number): void {
    this.#shards.delete(shard);
    for (const [id, place] of this.#places) {
      if (place.shard !== shard) continue;
      this.#places.delete(id);
      this.#awaited.delete(id);
    }
  }

  /** Where an id is placed; `undefined`: nowhere. */
  find(id: NodeId): number | undefined {
    return this.#places.get(id)?.shard;
  }

  /** Where an id is placed from now on: where it was, or in the shard with the fewest. `null` when there is no room, or no shard. */
  place(id: NodeId, nowMs: number): number | null {
    const present = this.find(id);
    if (present !== undefined) return present;
    const least = this.#leastFilled();
    return least !== null && this.#add(id, least, nowMs) ? least : null;
  }

  /**
   * Whether an id may live in `shard`: it is placed there, or was nowhere and there is room. Where no shard has room there is as much here as elsewhere:
   * somebody gives way, or the shard refuses.
   */
  claim(id: NodeId, shard: number, nowMs: number): boolean {
    const present = this.find(id);
    if (present !== undefined) return present === shard;
    const filling = this.#shards.get(shard);
    return filling !== undefined && (!isFull(filling) || [...this.#shards.values()].every(isFull)) && this.#add(id, shard, nowMs);
  }

  /** The peer is there. Returns whether that is its place: one that is there first has it, also where it was to be in another shard. */
  arrived(id: NodeId, shard: number): boolean {
    const awaited = this.#places.get(id);
    if (awaited !== undefined && awaited.shard !== shard && awaited.untilMs !== null) this.#giveUp(id);
    const place = this.#places.get(id);
    if (place === undefined) return this.#shards.has(shard) && this.#add(id, shard, null);
    if (place.shard !== shard) return false;
    place.untilMs = null;
    this.#awaited.delete(id);
    return true;
  }

  /** The peer is gone from `shard`. */
  left(id: NodeId, shard: number): void {
    const place = this.#places.get(id);
    if (place === undefined || place.shard !== shard) return;
    this.#places.delete(id);
    this.#awaited.delete(id);
    this.#count(shard, -1);
  }

  /** Gives up the places of peers that never came. */
  expire(nowMs: number): void {
    for (const id of this.#awaited) {
      if ((this.#places.get(id)?.untilMs ?? 0) > nowMs) return;
      this.#giveUp(id);
    }
  }

  #add(id: NodeId, shard: number, nowMs: number | null): boolean {
    if (this.#places.size >= this.#placesMax) {
      const [oldest] = this.#awaited;
      if (oldest === undefined) return false;
      this.#giveUp(oldest);
    }
    if (nowMs !== null) this.#awaited.add(id);
    this.#places.set(id, { shard, untilMs: nowMs === null ? null : nowMs + PLACE_KEPT_MS });
    this.#count(shard, 1);
    return true;
  }

  #giveUp(id: NodeId): void {
    const shard = this.find(id);
    if (shard === undefined) return;
    this.left(id, shard);
    this.#onGivenUp(id, shard);
  }

  #leastFilled(): number | null {
    let least: number | null = null;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [shard, { count, peersMax }] of this.#shards) {
      // A full one may make room, but comes last.
      const rank = count < peersMax ? count : count + this.#placesMax;
      if (rank >= fewest) continue;
      least = shard;
      fewest = rank;
    }
    return least;
  }

  #count(shard: number, change: number): void {
    const filling = this.#shards.get(shard);
    if (filling !== undefined) filling.count += change;
  }
}

function isFull({ count, peersMax }: Filling): boolean {
  return count >= peersMax;
}
