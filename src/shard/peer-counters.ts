/** The counters of peers in memory that a shard and the main thread share, so that `peer.stats()` asks nobody. */
import type { PeerStats } from '../api/stats.js';

/** Of a peer that was in no shard yet. */
export const NOTHING_COUNTED: PeerStats = {
  packetsSent: 0n,
  packetsReceived: 0n,
  bytesSent: 0n,
  bytesReceived: 0n,
  packetsLost: 0n,
  pathChanges: 0n,
  streamsOpen: 0,
  rttMicros: null,
  rttVarianceMicros: null,
  mtuBytes: null,
  congestionWindowBytes: null,
  bytesInFlight: null,
};

/** Words a peer: the counters and levels of {@link PeerStats}, and which levels there are. */
const Word = {
  packetsSent: 0,
  packetsReceived: 1,
  bytesSent: 2,
  bytesReceived: 3,
  packetsLost: 4,
  pathChanges: 5,
  streamsOpen: 6,
  rttMicros: 7,
  rttVarianceMicros: 8,
  mtuBytes: 9,
  congestionWindowBytes: 10,
  bytesInFlight: 11,
  present: 12,
  count: 13,
} as const;

/** Bits of the word `present`. */
const HAS_PATH = 1n;
const HAS_RTT = 2n;

/** Peers in one block of shared memory. */
const BLOCK_PEERS = 64;

/** Where a peer's counters lie. */
export interface CounterSlot {
  readonly block: SharedArrayBuffer;
  readonly slot: number;
}

/** Gives out slots, in the shard. */
export class CounterSlots {
  readonly #free: CounterSlot[] = [];

  take(): CounterSlot {
    if (this.#free.length === 0) {
      const block = new SharedArrayBuffer(BLOCK_PEERS * Word.count * BigUint64Array.BYTES_PER_ELEMENT);
      for (let slot = BLOCK_PEERS - 1; slot >= 0; slot--) this.#free.push({ block, slot });
    }
    return this.#free.pop() as CounterSlot;
  }

  /** Nobody reads it any more. */
  giveBack(slot: CounterSlot): void {
    this.#free.push(slot);
  }
}

/** Writes what a peer counts. */
export function writePeerStats(at: CounterSlot, stats: PeerStats): void {
  const words = wordsOf(at);
  const put = (word: number, value: bigint | number | null): void => void Atomics.store(words, word, BigInt(value ?? 0));
  put(Word.packetsSent, stats.packetsSent);
  put(Word.packetsReceived, stats.packetsReceived);
  put(Word.bytesSent, stats.bytesSent);
  put(Word.bytesReceived, stats.bytesReceived);
  put(Word.packetsLost, stats.packetsLost);
  put(Word.pathChanges, stats.pathChanges);
  put(Word.streamsOpen, stats.streamsOpen);
  put(Word.rttMicros, stats.rttMicros);
  put(Word.rttVarianceMicros, stats.rttVarianceMicros);
  put(Word.mtuBytes, stats.mtuBytes);
  put(Word.congestionWindowBytes, stats.congestionWindowBytes);
  put(Word.bytesInFlight, stats.bytesInFlight);
  put(Word.present, (stats.mtuBytes === null ? 0n : HAS_PATH) | (stats.rttMicros === null ? 0n : HAS_RTT));
}

/** What {@link writePeerStats} wrote last. */
export function readPeerStats(at: CounterSlot): PeerStats {
  const words = wordsOf(at);
  const word = (position: number): bigint => Atomics.load(words, position);
  const present = word(Word.present);
  const level = (position: number, bit: bigint): number | null => ((present & bit) === 0n ? null : Number(word(position)));
  return {
    packetsSent: word(Word.packetsSent),
    packetsReceived: word(Word.packetsReceived),
    bytesSent: word(Word.bytesSent),
    bytesReceived: word(Word.bytesReceived),
    packetsLost: word(Word.packetsLost),
    pathChanges: word(Word.pathChanges),
    streamsOpen: Number(word(Word.streamsOpen)),
    rttMicros: level(Word.rttMicros, HAS_RTT),
    rttVarianceMicros: level(Word.rttVarianceMicros, HAS_RTT),
    mtuBytes: level(Word.mtuBytes, HAS_PATH),
    congestionWindowBytes: level(Word.congestionWindowBytes, HAS_PATH),
    bytesInFlight: level(Word.bytesInFlight, HAS_PATH),
  };
}

/** Of a peer that no shard has now, with what was counted before. */
export function statsAtRest(last: PeerStats): PeerStats {
  return { ...last, streamsOpen: 0, rttMicros: null, rttVarianceMicros: null, mtuBytes: null, congestionWindowBytes: null, bytesInFlight: null };
}

/** What a peer counted before, and counts where it is now. */
export function added(a: PeerStats, b: PeerStats): PeerStats {
  return {
    ...b,
    packetsSent: a.packetsSent + b.packetsSent,
    packetsReceived: a.packetsReceived + b.packetsReceived,
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    packetsLost: a.packetsLost + b.packetsLost,
    pathChanges: a.pathChanges + b.pathChanges,
  };
}

function wordsOf({ block, slot }: CounterSlot): BigUint64Array {
  return new BigUint64Array(block, slot * Word.count * BigUint64Array.BYTES_PER_ELEMENT, Word.count);
}
