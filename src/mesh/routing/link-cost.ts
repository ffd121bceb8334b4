import { METRIC_INFINITE } from './limits.js';
import { COST_GAIN, COST_MOVED_SHARE } from './tuning.js';

/** What a link costs: smoothed, and changed only when it has moved by a share that means something. */
export class LinkCost {
  #smoothedMicros: number;
  #toldMicros: number;

  constructor(measuredMicros: number) {
    this.#smoothedMicros = bounded(measuredMicros);
    this.#toldMicros = this.#smoothedMicros;
  }

  get toldMicros(): number {
    return Math.round(this.#toldMicros);
  }

  /** The first measurement after a guess, which it takes the place of; returns whether {@link LinkCost.toldMicros} changed. */
  known(micros: number): boolean {
    const before = this.toldMicros;
    this.#smoothedMicros = bounded(micros);
    this.#toldMicros = this.#smoothedMicros;
    return this.toldMicros !== before;
  }

  /** Takes a measurement; returns whether {@link LinkCost.toldMicros} changed. An infinite one counts at once, and so does the first after it. */
  measured(micros: number): boolean {
    const sample = bounded(micros);
    const isJump = sample === METRIC_INFINITE || this.#smoothedMicros === METRIC_INFINITE;
    this.#smoothedMicros = isJump ? sample : this.#smoothedMicros + COST_GAIN * (sample - this.#smoothedMicros);
    const moved = Math.abs(this.#smoothedMicros - this.#toldMicros);
    if (moved < COST_MOVED_SHARE * this.#toldMicros) return false;
    const before = this.toldMicros;
    this.#toldMicros = this.#smoothedMicros;
    return this.toldMicros !== before;
  }
}

/** A link costs something always: metrics grow with each hop, which is what keeps ways free of loops. */
function bounded(micros: number): number {
  return Number.isNaN(micros) ? METRIC_INFINITE : Math.min(Math.max(micros, 1), METRIC_INFINITE);
}
