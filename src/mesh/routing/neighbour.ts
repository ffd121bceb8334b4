import type { Destination, Route } from './destination.js';
import { METRIC_INFINITE } from './limits.js';
import { LinkCost } from './link-cost.js';
import type { RouteKey } from './route-key.js';
import { SlotSet } from './slot-set.js';

/** A router with a link to this one, for as long as one control stream lasts. */
export class Neighbour {
  readonly key: RouteKey;
  /** What it told of each destination and did not retract. */
  readonly routes = new Map<Destination, Route>();
  /** Slots of the destinations that it was told a way to. */
  readonly told = new SlotSet();
  /** Cost of the link, 1 at least. */
  costMicros: number;
  /** The largest packet on the link. */
  mtuBytes: number;
  /** Of {@link Neighbour.routes}: those to destinations without announcement. */
  unannounced = 0;
  /** Whether a route of it was refused for want of room. */
  wasRefused = false;
  /** What it is to be told when it can be written to again; `null` while it can. */
  deferred: Set<Destination> | null = null;

  readonly #linkCost: LinkCost;
  /** Added for a link that flaps. */
  #flapCostMicros: number;

  constructor(key: RouteKey, costMicros: number, mtuBytes: number, flapCostMicros: number) {
    this.key = key;
    this.mtuBytes = mtuBytes;
    this.#linkCost = new LinkCost(costMicros);
    this.#flapCostMicros = flapCostMicros;
    this.costMicros = this.#sum();
  }

  /** Takes a measurement of the link, the first one instead of what was guessed; returns whether its cost changed. */
  measured(costMicros: number, isFirst: boolean): boolean {
    const isChanged = isFirst ? this.#linkCost.known(costMicros) : this.#linkCost.measured(costMicros);
    if (!isChanged) return false;
    this.costMicros = this.#sum();
    return true;
  }

  /** What flapping adds from now on; returns whether the cost changed. */
  setFlapCost(micros: number): boolean {
    if (micros === this.#flapCostMicros) return false;
    this.#flapCostMicros = micros;
    this.costMicros = this.#sum();
    return true;
  }

  #sum(): number {
    return Math.min(this.#linkCost.toldMicros + this.#flapCostMicros, METRIC_INFINITE);
  }
}
