// A series of round trips of 64 bytes: what to ask, and how long the answers took.
import { quantile } from './statistics.mjs';

/** Not counted: the first round trips run code that is not compiled yet. */
const WARM_UP_TRIPS = 2000;

export class RoundTrips {
  #question = Buffer.alloc(64, 'osier');
  #sequence = 0;
  /** @type {Float64Array} */ #micros;

  /** @param {number} trips How many to count. */
  constructor(trips) {
    this.#micros = new Float64Array(trips);
  }

  get isComplete() {
    return this.#sequence === WARM_UP_TRIPS + this.#micros.length;
  }

  /** 64 bytes that differ from all before. */
  nextQuestion() {
    this.#question.writeUInt32LE(this.#sequence);
    return this.#question;
  }

  /** Counts one, after comparing the answer with the question.
   * @param {number} durationMs @param {Uint8Array} answer */
  add(durationMs, answer) {
    if (!this.#question.equals(answer)) throw new Error(`answer ${this.#sequence} is not the question`);
    if (this.#sequence >= WARM_UP_TRIPS) this.#micros[this.#sequence - WARM_UP_TRIPS] = durationMs * 1000;
    this.#sequence++;
  }

  summary() {
    const sorted = this.#micros.sort();
    return { p50Micros: quantile(sorted, 0.5), p99Micros: quantile(sorted, 0.99) };
  }
}
