import type { MessageStage } from './message-stage.js';

/** Sends once what a whole tick wrote. */
export class Flusher {
  /** Messages that cross when the tick ends; `null` where each crosses at once. */
  readonly stage: MessageStage | null;
  readonly #flush: () => void;
  readonly #isDelivering: () => boolean;
  readonly #atEndOfTick: (callback: () => void) => void;
  #scheduled = false;

  /** While the engine delivers a batch (`isDelivering`) nothing is scheduled: the engine flushes after that. */
  constructor(flush: () => void, isDelivering: () => boolean, atEndOfTick: (callback: () => void) => void, stage: MessageStage | null = null) {
    this.stage = stage;
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

  /** Something is staged, or will be: the engine does not see that by itself. */
  markStaged(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#atEndOfTick(this.#run);
  }

  /** The engine delivered a batch, and flushes now. */
  onDelivered(): void {
    this.stage?.handOver();
  }

  readonly #run = (): void => {
    this.#scheduled = false;
    this.stage?.handOver();
    this.#flush();
  };
}
