/** Instances remembered of one peer: as many processes as could reasonably share a key file by mistake. */
const INSTANCES_MAX = 8;

/**
 * The instances that one peer was seen as. A process that started anew does not come back: an instance that does, after another was there, shares its
 * identity with a process that runs at the same time.
 */
export class InstanceHistory {
  /** Those before the present one, oldest first. */
  readonly #before = new Set<string>();
  #present: string | null = null;

  /** The peer is connected as `instance`. True: it was, then was another, and is the first again. */
  alternates(instance: string): boolean {
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
