/** Sends once what a whole tick wrote. */
export class Flusher {
  readonly #flush: () => void;
  readonly #isDispatching: () => boolean;
  readonly #atEndOfTick: (callback: () => void) => void;
  #scheduled = false;

  /** Inside the engine's callback (`isDispatching`) nothing is scheduled: the engine flushes after it. */
  constructor(flush: () => void, isDispatching: () => boolean, atEndOfTick: (callback: () => void) => void) {
    this.#flush = flush;
    this.#isDispatching = isDispatching;
    this.#atEndOfTick = atEndOfTick;
  }

  /** Something is there to be sent. */
  mark(): void {
    if (this.#scheduled || this.#isDispatching()) return;
    this.#scheduled = true;
    this.#atEndOfTick(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.#flush();
  };
}
