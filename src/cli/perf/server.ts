import type { ByteStream } from '../../index.js';
import { encodeCount, isPattern } from './protocol.js';

/** Serves one stream of a measurement: compares and counts what comes. */
export async function servePerf(stream: ByteStream): Promise<void> {
  let receivedBytes = 0;
  for await (const view of stream.views()) {
    if (!isPattern(view, receivedBytes)) {
      stream.reset();
      return;
    }
    receivedBytes += view.length;
  }
  await stream.write(encodeCount(receivedBytes));
  await stream.end();
}
