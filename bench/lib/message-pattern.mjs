// Small messages that repeat after a prime number of them, and the stream of bytes that they make back to back. What arrives is compared byte by byte: whole
// messages in JavaScript, because a call of memcmp for each costs more than all that is measured; longer ranges by memcmp. Lost, repeated or exchanged messages do not
// fit, and whole periods would show in the total, which is compared as well.
import { Pattern } from './pattern.mjs';

/** A prime, so that no burst or batch is a part of it. */
const PERIOD = 8_191;

/** The longest message that a loop compares faster than a call. */
const LOOP_BYTES = 128;

export class MessagePattern {
  #messageBytes;
  /** One period and the next. */
  #bytes;
  /** @type {readonly Buffer[]} */
  #messages;

  /** @param {number} messageBytes */
  constructor(messageBytes) {
    const random = new Pattern();
    const period = Buffer.concat(Array.from({ length: PERIOD }, (_, number) => random.at(number * messageBytes, messageBytes)));
    this.#messageBytes = messageBytes;
    this.#bytes = Buffer.concat([period, period]);
    this.#messages = Array.from({ length: PERIOD }, (_, number) => this.#bytes.subarray(number * messageBytes, (number + 1) * messageBytes));
  }

  /** Message `number`, counted from 0; a view.
   * @param {number} number @returns {Buffer} */
  at(number) {
    return /** @type {Buffer} */ (this.#messages[number % PERIOD]);
  }

  /** Whether `bytes` are those that belong at `position` of all messages back to back.
   * @param {number} position @param {Uint8Array} bytes */
  matches(position, bytes) {
    const length = this.#messageBytes;
    if (bytes.length === length && length <= LOOP_BYTES && position % length === 0) return equals(this.at(position / length), bytes);
    const whole = this.#bytes.length / 2;
    for (let done = 0; done < bytes.length; done += whole) {
      const part = bytes.subarray(done, done + whole);
      const start = (position + done) % whole;
      if (this.#bytes.compare(part, 0, part.length, start, start + part.length) !== 0) return false;
    }
    return true;
  }
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function equals(a, b) {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
