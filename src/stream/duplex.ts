import { Duplex } from 'node:stream';
import type { OsierError } from '../errors/index.js';
import type { ReceiveSide } from './receive-side.js';
import type { SendSide } from './send-side.js';

/** What a Node stream needs of a stream. */
export interface DuplexSource {
  readonly sender: SendSide;
  readonly receiver: ReceiveSide;
  reset(applicationCode: number): void;
  readonly closed: Promise<{ readonly status: 'finished' } | { readonly status: 'failed'; readonly error: OsierError }>;
}

/** A stream as a Node stream: half-open, with the backpressure of both sides; destroying it early resets the stream. */
export function duplexOf(source: DuplexSource): Duplex {
  const { sender: send, receiver: receive } = source;
  const duplex = new Duplex({
    allowHalfOpen: true,
    decodeStrings: true,
    read() {
      receive.chunk().then(
        (chunk) => duplex.push(chunk),
        (error: Error) => duplex.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      send.write(chunk, undefined).then(() => done(), done);
    },
    writev(chunks: { chunk: Uint8Array }[], done) {
      // Writes are accepted in the order of the calls: the last one speaks for all.
      const accepted = chunks.map(({ chunk }) => send.write(chunk, undefined));
      Promise.all(accepted).then(() => done(), done);
    },
    final(done) {
      send.end(undefined).then(() => done(), done);
    },
    destroy(error, done) {
      if (error === null && send.isOver) receive.stop(0);
      else if (!send.isOver || !receive.isOver) source.reset(0);
      done(error);
    },
  });
  source.closed.then((outcome) => {
    if (outcome.status !== 'failed') return;
    const destroy = (): void => void duplex.destroy(outcome.error);
    // What has come whole can still be read.
    if (receive.hasFailed || duplex.readableEnded) destroy();
    else duplex.once('end', destroy);
  });
  return duplex;
}
