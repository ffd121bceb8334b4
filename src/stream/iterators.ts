import type { ReceiveSide } from './receive-side.js';

/** Batches of chunks that the reader owns. Leaving the loop early stops reading. */
export function batchesOf(receive: ReceiveSide): AsyncIterator<Uint8Array[]> {
  return iterate(receive, () => receive.batch());
}

/** The receive ring, view by view. Leaving the loop early stops reading. */
export function viewsOf(receive: ReceiveSide): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => iterate(receive, () => receive.view()) };
}

function iterate<T>(receive: ReceiveSide, pull: () => Promise<T | null>): AsyncIterator<T> {
  return {
    next: async () => {
      const value = await pull();
      return value === null ? { done: true, value: undefined } : { done: false, value };
    },
    return: async () => {
      receive.stop(0);
      return { done: true, value: undefined };
    },
  };
}
