// A series of round trips: what to ask, and how long the answers took.
import { quantiles } from './statistics.mjs';

/** Not counted: the first round trips run code that is not compiled yet. */
const WARM_UP_TRIPS = 2000;

export class RoundTrips {
  #question;
  #sequence = 0;
  /** @type {Float64Array} */ #micros;

  /** @param {number} trips How many to count. @param {number} [messageBytes] */
  constructor(trips, messageBytes = 64) {
    this.#question = Buffer.alloc(messageBytes, 'osier');
    this.#micros = new Float64Array(trips);
  }

  get isComplete() {
    return this.#sequence === WARM_UP_TRIPS + this.#micros.length;
  }

  /** Bytes that differ from all before. */
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
    return quantiles(this.#micros);
  }
}
