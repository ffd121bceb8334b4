import type { PeerStats } from '../api/stats.js';
import type { Engine } from '../engine/engine.js';
import type { Association } from './association.js';

/** Positions in what {@link Engine.associationStats} fills. */
const Counter = {
  packetsSent: 0,
  packetsReceived: 1,
  bytesSent: 2,
  bytesReceived: 3,
  packetsLost: 4,
  rttMicros: 5,
  rttVarianceMicros: 6,
  mtuBytes: 7,
  congestionWindowBytes: 8,
  bytesInFlight: 9,
  hasRtt: 10,
  packetsInUse: 11,
  count: 12,
} as const;

/** Positions up to here count; the others are levels. */
const COUNTED = Counter.packetsLost + 1;

/** Packets of an association, sent and received, that carried something of the application's. */
export function packetsInUse(engine: Engine, association: Association): number {
  const counters = new BigUint64Array(Counter.count);
  return engine.associationStats(association.handle, counters) ? Number(counters[Counter.packetsInUse] ?? 0n) : 0;
}

/** A peer's counters over all its associations. */
export class TrafficTotals {
  readonly #engine: Engine;
  readonly #ended = new BigUint64Array(COUNTED);
  readonly #present = new BigUint64Array(Counter.count);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** An association ended: its counters are kept. */
  add(association: Association): void {
    if (!this.#engine.associationStats(association.handle, this.#present)) return;
    for (let at = 0; at < COUNTED; at++) this.#ended[at] = (this.#ended[at] ?? 0n) + (this.#present[at] ?? 0n);
  }

  stats(current: Association | null, pathChanges: bigint): PeerStats {
    const isConnected = current !== null && this.#engine.associationStats(current.handle, this.#present);
    const total = (position: number): bigint => (this.#ended[position] ?? 0n) + (isConnected ? (this.#present[position] ?? 0n) : 0n);
    const level = (position: number): number | null => (isConnected ? Number(this.#present[position] ?? 0n) : null);
    const hasRtt = isConnected && this.#present[Counter.hasRtt] !== 0n;
    return {
      packetsSent: total(Counter.packetsSent),
      packetsReceived: total(Counter.packetsReceived),
      bytesSent: total(Counter.bytesSent),
      bytesReceived: total(Counter.bytesReceived),
      packetsLost: total(Counter.packetsLost),
      pathChanges,
      streamsOpen: current?.openStreams.size ?? 0,
      rttMicros: hasRtt ? level(Counter.rttMicros) : null,
      rttVarianceMicros: hasRtt ? level(Counter.rttVarianceMicros) : null,
      mtuBytes: level(Counter.mtuBytes),
      congestionWindowBytes: level(Counter.congestionWindowBytes),
      bytesInFlight: level(Counter.bytesInFlight),
    };
  }
}
