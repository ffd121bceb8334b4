import type { ReceiveSide } from './receive-side.js';

/** What a loop reads from. */
interface Readable {
  stop(code: number): void;
}

/** Batches that the reader owns. Leaving the loop early stops reading. */
export function batchesOf(source: Readable & { batch(): Promise<Uint8Array[] | null> }): AsyncIterator<Uint8Array[]> {
  return iterate(source, () => source.batch());
}

/** The receive ring, view by view. Leaving the loop early stops reading. */
export function viewsOf(receive: ReceiveSide): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => iterate(receive, () => receive.view()) };
}

/** What `pull` resolves with, until that is `null`. Leaving the loop early stops reading. */
export function iterate<T>(source: Readable, pull: () => Promise<T | null>): AsyncIterator<T> {
  return {
    next: async () => {
      const value = await pull();
      return value === null ? { done: true, value: undefined } : { done: false, value };
    },
    return: async () => {
      source.stop(0);
      return { done: true, value: undefined };
    },
  };
}
