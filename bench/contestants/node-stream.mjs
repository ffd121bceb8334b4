// A stream of Node (or of streamx, which udx has) as the benchmarks use one.
import { once } from 'node:events';

/** @param {import('node:stream').Duplex} duplex @returns {import('./link.mjs').Stream} */
export function asStream(duplex) {
  let isEnded = false;
  let wake = () => {};
  /** @type {Error | null} */
  let failure = null;
  duplex.on('readable', () => wake());
  duplex.once('end', () => {
    isEnded = true;
    wake();
  });
  duplex.once('error', (error) => {
    failure = error;
    wake();
  });
  return {
    write: (bytes) => (duplex.write(bytes) ? undefined : once(duplex, 'drain').then(() => {})),
    // streamx takes no callback.
    end: async () => {
      duplex.end();
      await once(duplex, 'finish');
    },
    read: async () => {
      for (;;) {
        const chunk = duplex.read();
        if (chunk !== null) return chunk;
        if (failure !== null) throw failure;
        if (isEnded) return null;
        await new Promise((resolve) => {
          wake = () => resolve(undefined);
        });
      }
    },
  };
}
