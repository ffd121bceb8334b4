/** Instances remembered of one peer: as many processes as could reasonably share a key file by mistake. */
const INSTANCES_MAX = 8;

/**
 * Processes that share a key take turns for as long as none of them has stayed for so long: one that is kept connected is back within 45 s, its pause
 * between two attempts.
 */
const STABLE_MS = 60_000;

/**
 * The instances that one peer was seen as. A process that started anew does not come back: an instance that does, after another was there, shares its
 * identity with a process that runs at the same time.
 */
export class InstanceHistory {
  /** Those before the present one, oldest first. */
  readonly #before = new Set<string>();
  #present: string | null = null;
  #alternatedAtMs = Number.NEGATIVE_INFINITY;

  /** The peer is connected as `instance`. True: it was, then was another, and is the first again. */
  alternates(instance: string, nowMs: number): boolean {
    const isBack = this.#isBack(instance);
    if (isBack) this.#alternatedAtMs = nowMs;
    return isBack;
  }

  /** Two processes have taken turns, and neither has stayed since. */
  isAlternating(nowMs: number): boolean {
    return nowMs - this.#alternatedAtMs < STABLE_MS;
  }

  #isBack(instance: string): boolean {
    if (instance === this.#present) return false;
    if (this.#present !== null) this.#before.add(this.#present);
    this.#present = instance;
    for (const oldest of this.#before) {
      if (this.#before.size <= INSTANCES_MAX) break;
      this.#before.delete(oldest);
    }
    return this.#before.delete(instance);
  }
}
