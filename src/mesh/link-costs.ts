import type { Engine } from '../engine/engine.js';
import type { Association } from '../peer/index.js';

/** Words of {@link Engine.associationStats}. */
const STAT_WORDS = 12;
const Stat = { packetsSent: 0, packetsLost: 4, rttMicros: 5, mtuBytes: 7, hasRtt: 10 } as const;

/** What a link counts before its round trip is known. */
const UNKNOWN_COST_MICROS = 1_000;
/** What it costs to lose all that is sent: losing one in a hundred counts as ten milliseconds. */
const LOST_COST_MICROS = 1_000_000;
/** Packets over which a share of losses says something. */
const LOSS_SAMPLE_PACKETS = 50n;

/** The routing header before a relayed packet, and the waypoint after it. */
const RELAY_OVERHEAD_BYTES = 40;
/** What every path carries. */
const BASE_MTU_BYTES = 1_200;

/** A link at present: smoothed round trip plus the cost of loss, and the largest end-to-end packet that it carries. */
export interface LinkMeasurement {
  readonly costMicros: number;
  readonly mtuBytes: number;
  /** No measurement before this one knew the round trip, and this one does. */ readonly isFirst: boolean;
}

/** Measures one link by what its association counts, at no cost in packets. */
export class LinkMeter {
  readonly #engine: Engine;
  readonly #association: Association;
  readonly #stats = new BigUint64Array(STAT_WORDS);
  #sent = 0n;
  #lost = 0n;
  #lossCostMicros = 0;
  #knew = false;

  constructor(engine: Engine, association: Association) {
    this.#engine = engine;
    this.#association = association;
  }

  /** The round trip was known once. */
  get knows(): boolean {
    return this.#knew;
  }

  measure(): LinkMeasurement {
    if (!this.#engine.associationStats(this.#association.handle, this.#stats))
      return { costMicros: Number.POSITIVE_INFINITY, mtuBytes: BASE_MTU_BYTES - RELAY_OVERHEAD_BYTES, isFirst: false };
    const at = (position: number): bigint => this.#stats[position] ?? 0n;
    this.#countLosses(at(Stat.packetsSent), at(Stat.packetsLost));
    const isFirst = !this.#knew && at(Stat.hasRtt) !== 0n;
    this.#knew ||= isFirst;
    const rttMicros = at(Stat.hasRtt) === 0n ? UNKNOWN_COST_MICROS : Number(at(Stat.rttMicros));
    const mtuBytes = Math.max(BASE_MTU_BYTES, Number(at(Stat.mtuBytes))) - RELAY_OVERHEAD_BYTES;
    return { costMicros: rttMicros + this.#lossCostMicros, mtuBytes, isFirst };
  }

  #countLosses(sent: bigint, lost: bigint): void {
    if (sent - this.#sent < LOSS_SAMPLE_PACKETS) return;
    this.#lossCostMicros = (LOST_COST_MICROS * Number(lost - this.#lost)) / Number(sent - this.#sent);
    [this.#sent, this.#lost] = [sent, lost];
  }
}
