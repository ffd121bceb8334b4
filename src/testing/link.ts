import { type LinkFaults, linkFaults, type SimLink } from './options.js';
import type { SeededRandom } from './seeded-random.js';

/** What the queue before a bottleneck holds: this long, but no less than so many bytes. */
const QUEUE_SECONDS = 0.1;
const QUEUE_BYTES_MIN = 65_536;

/** How far a datagram is held back to be overtaken, at least. */
const HELD_BACK_MICROS_MIN = 1_000;

/** A datagram that will arrive. */
export interface Arrival {
  readonly atMicros: number;
  readonly bytes: Uint8Array;
}

/** One direction between two hosts: delay, rate and queue, and everything that can go wrong. */
export class Link {
  readonly #random: SeededRandom;
  #faults: LinkFaults;
  #busyUntilMicros = 0;
  #lastArrivalMicros = 0;

  constructor(faults: LinkFaults, random: SeededRandom) {
    this.#faults = faults;
    this.#random = random;
  }

  /** Throws INVALID_OPTION, and is then as before. */
  change(faults: SimLink): void {
    this.#faults = linkFaults('faults', faults, this.#faults);
  }

  /** Sends one datagram, whose bytes are copied; what will arrive. */
  send(nowMicros: number, datagram: Uint8Array): Arrival[] {
    if (datagram.length > this.#faults.mtuBytes) return [];
    const departureMicros = this.#passBottleneck(nowMicros, datagram.length);
    if (departureMicros === null || this.#random.chance(this.#faults.lossRate)) return [];
    const copies = this.#random.chance(this.#faults.duplicateRate) ? 2 : 1;
    return Array.from({ length: copies }, () => ({ bytes: this.#carried(datagram), atMicros: this.#arrivalMicros(departureMicros) }));
  }

  /** When a datagram has left the bottleneck; `null`: the queue is full. */
  #passBottleneck(nowMicros: number, byteCount: number): number | null {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return nowMicros;
    const startMicros = Math.max(this.#busyUntilMicros, nowMicros);
    const queuedBytes = ((startMicros - nowMicros) / 1e6) * bytesPerSecond;
    if (queuedBytes + byteCount > Math.max(QUEUE_BYTES_MIN, QUEUE_SECONDS * bytesPerSecond)) return null;
    this.#busyUntilMicros = startMicros + (byteCount / bytesPerSecond) * 1e6;
    return this.#busyUntilMicros;
  }

  #carried(datagram: Uint8Array): Uint8Array {
    const bytes = Uint8Array.from(datagram);
    if (this.#random.chance(this.#faults.corruptRate)) {
      const at = this.#random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    }
    return bytes;
  }

  #arrivalMicros(departureMicros: number): number {
    const { delayMs, jitterMs, reorderRate } = this.#faults;
    const jitterMicros = jitterMs === 0 ? 0 : this.#random.next() * jitterMs * 1_000;
    const inOrderMicros = Math.max(departureMicros + delayMs * 1_000 + jitterMicros, this.#lastArrivalMicros);
    if (this.#random.chance(reorderRate)) {
      return inOrderMicros + this.#random.next() * Math.max(HELD_BACK_MICROS_MIN, (delayMs + jitterMs) * 1_000);
    }
    this.#lastArrivalMicros = inOrderMicros;
    return inOrderMicros;
  }
}
