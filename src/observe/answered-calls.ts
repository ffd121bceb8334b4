import type { NodeId } from '../identity/index.js';

/** Handshakes that wait for their confirmation, as many as are remembered; the oldest gives way. */
const CALLS_MAX = 1_024;

/** A handshake that this node answered. */
export interface AnsweredCall {
  readonly peer: NodeId;
  /** When its first message came. */
  readonly calledAtMs: number;
}

/** Handshakes that this node answered and that are not confirmed yet, by the local index of their session. */
export class AnsweredCalls {
  readonly #calls = new Map<number, AnsweredCall>();

  add(localIndex: number, call: AnsweredCall): void {
    this.#calls.delete(localIndex);
    this.#calls.set(localIndex, call);
    if (this.#calls.size <= CALLS_MAX) return;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  /** Returns and forgets it; `null` for one that is not known. */
  take(localIndex: number): AnsweredCall | null {
    const call = this.#calls.get(localIndex);
    this.#calls.delete(localIndex);
    return call ?? null;
  }
}
