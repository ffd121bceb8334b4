import { type Choice, type Destination, isRouteFeasible, isUsable, metricOf, type Route } from './destination.js';
import { FifoDeadlines } from './fifo-deadlines.js';
import type { SequenceRequests } from './sequence-requests.js';
import { BETTER_ASK_PAUSE_MS, BETTER_HOLD_MS, BETTER_MICROS, BETTER_SHARE } from './tuning.js';

/**
 * Which route of a destination is taken: a lost one is left at once; one that is better by a margin is taken when it has been so for some time, counted from
 * the moment at which it became so. What is not feasible is never taken but asked for: at once where there is nothing else, and where it is better.
 */
export class Selection {
  readonly #requests: SequenceRequests;
  /** Destinations with a route that is better than theirs. */
  readonly #better = new FifoDeadlines<Destination>(BETTER_HOLD_MS);
  /** Those whose better route was asked for. */
  readonly #asked = new FifoDeadlines<Destination>(BETTER_ASK_PAUSE_MS);

  constructor(requests: SequenceRequests) {
    this.#requests = requests;
  }

  /** The routes of a destination changed, or what they depend on. */
  reselect(destination: Destination, nowMs: number): void {
    const { selected } = destination;
    const present = selected !== null && isUsable(selected) && isRouteFeasible(selected) ? selected : destination.choose(null).feasible;
    if (present === null || present !== selected) this.#take(destination, present, nowMs);
    if (present === null) {
      destination.backup = null;
      return;
    }
    const others = destination.choose(present.neighbour);
    destination.backup = others.feasible;
    if (this.#betterOf(destination, present, others) !== null) this.#better.add(destination, nowMs);
    else this.#better.delete(destination);
  }

  /** Settles those that have been better for long enough; returns the destinations whose route may have changed. */
  onTimer(nowMs: number): Destination[] {
    for (const destination of this.#asked.takeDue(nowMs)) this.reselect(destination, nowMs);
    const due = this.#better.takeDue(nowMs);
    for (const destination of due) this.#settle(destination, nowMs);
    return due;
  }

  get nextAtMs(): number {
    return Math.min(this.#better.nextAtMs, this.#asked.nextAtMs);
  }

  /** The destination is no more. */
  forget(destination: Destination): void {
    this.#better.delete(destination);
    this.#asked.delete(destination);
    this.#requests.forget(destination);
  }

  #take(destination: Destination, route: Route | null, nowMs: number): void {
    if (route?.neighbour !== destination.selected?.neighbour) destination.selectedAtMs = nowMs;
    destination.selected = route;
    this.#better.delete(destination);
    if (route !== null) this.#requests.fed(destination);
    else this.#requests.starved(destination, nowMs);
  }

  #settle(destination: Destination, nowMs: number): void {
    const present = destination.selected;
    const better = present === null ? null : this.#betterOf(destination, present, destination.choose(present.neighbour));
    if (better === null) return;
    if (isRouteFeasible(better)) this.#take(destination, better, nowMs);
    else if (this.#requests.ask(destination, better.neighbour, nowMs)) this.#asked.add(destination, nowMs);
    this.reselect(destination, nowMs);
  }

  /** Of the others, the feasible route that is better than the present one, or else one that could become so. */
  #betterOf(destination: Destination, present: Route, { feasible, unfeasible }: Choice): Route | null {
    if (feasible !== null && isClearlyBetter(feasible, present)) return feasible;
    if (this.#asked.has(destination)) return null;
    // One of an older sequence has a newer one on its way.
    const isNews = unfeasible !== null && unfeasible.sequence >= destination.distanceSequence;
    return isNews && isClearlyBetter(unfeasible, present) ? unfeasible : null;
  }
}

function isClearlyBetter(route: Route, present: Route): boolean {
  const metric = metricOf(present);
  const saved = metric - metricOf(route);
  return saved >= BETTER_SHARE * metric && (saved >= BETTER_MICROS || route.hops < present.hops);
}
