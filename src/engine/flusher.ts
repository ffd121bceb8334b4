/** Sends once what a whole tick wrote. */
export class Flusher {
  readonly #flush: () => void;
  readonly #isDelivering: () => boolean;
  readonly #atEndOfTick: (callback: () => void) => void;
  #scheduled = false;

  /** While the engine delivers a batch (`isDelivering`) nothing is scheduled: the engine flushes after that. */
  constructor(flush: () => void, isDelivering: () => boolean, atEndOfTick: (callback: () => void) => void) {
    this.#flush = flush;
    this.#isDelivering = isDelivering;
    this.#atEndOfTick = atEndOfTick;
  }

  /** Something is there to be sent. */
  mark(): void {
    if (this.#scheduled || this.#isDelivering()) return;
    this.#scheduled = true;
    this.#atEndOfTick(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#flush();
  };
}
