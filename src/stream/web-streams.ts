import { type ReadableByteStreamController, ReadableStream, WritableStream } from 'node:stream/web';
import type { OsierError } from '../errors/index.js';
import { bytesOption } from '../errors/option-checks.js';
import type { DuplexSource } from './duplex.js';

/** The reading side as a web stream. It takes bytes only when it is read from; cancelling it stops reading. */
export function readableOf({ receiver: receive }: DuplexSource): ReadableStream<Uint8Array> {
  return new ReadableStream({
    type: 'bytes',
    pull: (controller) => pull(receive, controller),
    cancel: () => receive.stop(0),
  });
}

/** The writing side as a web stream: closing it ends the stream, aborting it resets it. */
export function writableOf(source: DuplexSource): WritableStream<Uint8Array> {
  const { sender: send } = source;
  return new WritableStream<Uint8Array>({
    start: (controller) => {
      source.closed.then((outcome: { status: 'finished' } | { status: 'failed'; error: OsierError }) => {
        if (outcome.status === 'failed' && !send.isFinished) controller.error(outcome.error);
      });
    },
    write: async (chunk) => send.write(bytesOption('chunk', chunk), undefined),
    close: () => send.end(undefined),
    abort: () => source.reset(0),
  });
}

async function pull(receive: DuplexSource['receiver'], controller: ReadableByteStreamController): Promise<void> {
  const request = controller.byobRequest;
  const view = request?.view;
  if (request && view) {
    const count = await receive.read(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), undefined);
    if (count === 0) controller.close();
    request.respond(count);
    return;
  }
  const chunk = await receive.chunk();
  if (chunk === null) controller.close();
  else controller.enqueue(chunk);
}
