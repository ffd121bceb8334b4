import { UNCONFIRMED_MAX, UNCONFIRMED_MS } from './tuning.js';

/**
 * What is remembered of handshakes that may go on: {@link UNCONFIRMED_MAX} values, for {@link UNCONFIRMED_MS} each. The oldest is forgotten first; each that is
 * forgotten is told.
 */
export class ExpiringMap<K, V extends { readonly takenAtMs: number }> {
  /** Oldest first. */
  readonly #values = new Map<K, V>();
  readonly #onForgotten: (key: K, value: V) => void;

  constructor(onForgotten: (key: K, value: V) => void) {
    this.#onForgotten = onForgotten;
  }

  get(key: K, nowMs: number): V | null {
    this.#forgetExpired(nowMs);
    return this.#values.get(key) ?? null;
  }

  /** Whether `value` is still there under `key`, in time or not. */
  has(key: K, value: V): boolean {
    return this.#values.get(key) === value;
  }

  add(key: K, value: V): void {
    this.#forgetExpired(value.takenAtMs);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (oldest !== undefined && this.#values.size > UNCONFIRMED_MAX) this.#forget(oldest);
  }

  /** Removes a value, which is the caller's; nothing is told. */
  take(key: K): V | null {
    const value = this.#values.get(key) ?? null;
    this.#values.delete(key);
    return value;
  }

  /** Forgets all. */
  clear(): void {
    for (const key of this.#values.keys()) this.#forget(key);
  }

  #forgetExpired(nowMs: number): void {
    for (const [oldest, { takenAtMs }] of this.#values) {
      if (nowMs - takenAtMs < UNCONFIRMED_MS) return;
      this.#forget(oldest);
    }
  }

  #forget(key: K): void {
    const value = this.take(key);
    if (value !== null) this.#onForgotten(key, value);
  }
}
