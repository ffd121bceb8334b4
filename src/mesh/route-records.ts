import { ROUTE_RECORD_BYTES } from '../engine/engine.js';
import { type RouteKey, routeIdOfKey } from './routing/index.js';

/** The records of one call of {@link Engine.setRoutes}. */
export class RouteRecords {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(count: number) {
    this.bytes = new Uint8Array(count * ROUTE_RECORD_BYTES);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** `nextHop`: the handle of an association with a neighbour. */
  add(destination: RouteKey, nextHop: number, mtuBytes: number): void {
    this.bytes.set(routeIdOfKey(destination), this.#at);
    this.#view.setUint32(this.#at + 8, nextHop, true);
    this.#view.setUint32(this.#at + 12, mtuBytes, true);
    this.#at += ROUTE_RECORD_BYTES;
  }
}
