import type { CloseReport } from '../api/waiting.js';
import type { ByteStreamEnd } from './byte-stream.js';

/** Calls back once after a time; returns how to call that off. */
export type StartTimer = (delayMs: number, callback: () => void) => { cancel(): void };

/** Waits for streams to end in both directions; what is left after `timeoutMs` (0: at once) is given to `cut`, which must end it. */
export async function drainStreams(
  streams: Iterable<ByteStreamEnd>,
  timeoutMs: number,
  startTimer: StartTimer,
  cut: (stream: ByteStreamEnd) => void,
): Promise<CloseReport> {
  const open = new Set(streams);
  const allClosed = Promise.all([...open].map((stream) => stream.closed.then(() => open.delete(stream))));
  if (open.size > 0 && timeoutMs > 0) await firstOf(allClosed, timeoutMs, startTimer);
  if (open.size === 0) return { status: 'drained' };
  let unacknowledgedBytes = 0n;
  for (const stream of open) {
    unacknowledgedBytes += BigInt(stream.stats().sendBufferedBytes);
    cut(stream);
  }
  return { status: 'cut', streams: open.size, unacknowledgedBytes };
}

function firstOf(done: Promise<unknown>, timeoutMs: number, startTimer: StartTimer): Promise<void> {
  return new Promise((resolve) => {
    const timer = startTimer(timeoutMs, resolve);
    done.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
