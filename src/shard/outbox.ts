/** What one thread tells another: everything of one tick in one message. */

import type { MessagePort } from 'node:worker_threads';

/** The part of a message port that is used. */
export interface Poster {
  postMessage(message: unknown, transfer: readonly (ArrayBuffer | MessagePort)[]): void;
}

/** See the file's head. Entries arrive in the order in which they were pushed. */
export class Outbox<E> {
  readonly #port: Poster;
  readonly #atEndOfTick: (callback: () => void) => void;
  readonly #beforePost: () => void;
  #entries: E[] = [];
  #transfer: (ArrayBuffer | MessagePort)[] = [];
  readonly #producers = new Set<() => void>();
  #isScheduled = false;
  #isClosed = false;

  /** `beforePost` runs before each message goes out, and may push to it. */
  constructor(port: Poster, atEndOfTick: (callback: () => void) => void, beforePost: () => void = () => {}) {
    this.#port = port;
    this.#atEndOfTick = atEndOfTick;
    this.#beforePost = beforePost;
  }

  /** Tells `entry` at the end of the tick. `given` goes with it, and is gone here: a port, or bytes with all of their buffer. */
  push(entry: E, given?: Uint8Array | MessagePort): void {
    if (this.#isClosed) return;
    this.#entries.push(entry);
    if (given !== undefined) this.#transfer.push(given instanceof Uint8Array ? (given.buffer as ArrayBuffer) : given);
    this.#schedule();
  }

  /** Has `producer` push what has gathered by then, once, before the message goes out. */
  defer(producer: () => void): void {
    if (this.#isClosed) return;
    this.#producers.add(producer);
    this.#schedule();
  }

  /** Tells at once what there is. */
  flush(): void {
    if (this.#isClosed) return;
    for (const producer of this.#producers) producer();
    this.#producers.clear();
    if (this.#entries.length === 0) return;
    this.#beforePost();
    const [entries, transfer] = [this.#entries, this.#transfer];
    this.#entries = [];
    this.#transfer = [];
    this.#port.postMessage(entries, transfer);
  }

  /** Nothing is told any more. */
  close(): void {
    this.#isClosed = true;
    this.#entries = [];
    this.#transfer = [];
    this.#producers.clear();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#atEndOfTick(this.#run);
  }

  readonly #run = (): void => {
    this.#isScheduled = false;
    this.flush();
  };
}
