import type { DiagnosticsPayloads } from '../api/observing.js';
import type { RouteInfo } from '../api/routing.js';
import type { NodeId } from '../identity/index.js';

/** The ways that the one shard knows, as its news tell. */
export class RouteMirror {
  readonly #nowMs: () => number;
  readonly #ways = new Map<NodeId, { readonly info: RouteInfo; readonly toldAtMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  take({ id, after }: DiagnosticsPayloads['osier:route']): void {
    if (after === null) this.#ways.delete(id);
    else this.#ways.set(id, { info: after, toldAtMs: this.#nowMs() });
  }

  /** The shard is gone, and all ways with it: the changes. */
  takeAll(): DiagnosticsPayloads['osier:route'][] {
    const gone = [...this.#ways.values()].map(({ info }) => ({ id: info.id, before: info, after: null }));
    this.#ways.clear();
    return gone;
  }

  routes(): RouteInfo[] {
    const nowMs = this.#nowMs();
    return [...this.#ways.values()].map(({ info, toldAtMs }) => ({ ...info, ageMs: info.ageMs + nowMs - toldAtMs }));
  }
}
