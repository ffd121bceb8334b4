import type { Engine } from '../../engine/engine.js';
import type { Flusher } from '../../engine/flusher.js';
import type { Association } from '../../peer/index.js';

/** Routers forget mappings of UDP after 30 s and more (RFC 4787 REQ-5 asks for two minutes; many give less). */
const BEHIND_ROUTER_MICROS = 25_000_000;

/** Has idle direct paths say something now and then while a router changes this node's address: it would forget them otherwise. */
export class KeepAlive {
  readonly #engine: Engine;
  readonly #flusher: Flusher;
  #isNeeded = false;

  constructor(engine: Engine, flusher: Flusher) {
    this.#engine = engine;
    this.#flusher = flusher;
  }

  /** A router changes the address, or none does. `direct`: the associations that go directly. */
  set(isNeeded: boolean, direct: Iterable<Association>): void {
    if (isNeeded === this.#isNeeded) return;
    this.#isNeeded = isNeeded;
    for (const association of direct) this.#apply(association, isNeeded);
  }

  /** The association's packets go this way now: through others, its hops are kept instead. */
  onPath(association: Association, isRelayed: boolean): void {
    if (this.#isNeeded) this.#apply(association, !isRelayed);
  }

  #apply({ handle }: Association, isKept: boolean): void {
    this.#engine.setKeepAlive(handle, isKept ? BEHIND_ROUTER_MICROS : 0);
    this.#flusher.mark();
  }
}
