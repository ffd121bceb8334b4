/** Lets `burst` pass at once and `perSecond` for ever. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether one may pass; counts it when so. */
  take(nowMs: number): boolean {
    if (this.#filled(nowMs) < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1);
  }

  /** Whether anything is left, or no more than `overdraft` is missing. */
  hasAny(nowMs: number, overdraft = 0): boolean {
    return this.#filled(nowMs) > -overdraft;
  }

  /** What was used turned out to be `tokens`, perhaps more than there was: what comes in a second makes up for it at most. */
  spend(tokens: number): void {
    this.#tokens = Math.max(this.#tokens - tokens, -1_000 * this.#perMs);
  }

  #filled(nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    return this.#tokens;
  }
}
