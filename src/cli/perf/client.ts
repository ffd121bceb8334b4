import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ByteStream, OsierError, type Peer } from '../../index.js';
import { COUNT_BYTES, checkCount, PATTERN, PERF_PROTOCOL } from './protocol.js';

/** Time between two pings under load. */
const PING_INTERVAL_MS = 50;
/** Round trips before the load. */
const IDLE_PINGS = 11;

/** How to measure. */
export interface Measurement {
  readonly seconds: number;
  readonly streams: number;
  readonly signal: AbortSignal;
  /** Hears of the bytes accepted for sending so far. */
  readonly onProgress: (acceptedBytes: number, elapsedMs: number) => void;
}

/** What was measured. The bytes are those that the other end counted and compared; the time runs until it has said so. */
export interface PerfResult {
  readonly byteCount: number;
  readonly durationMs: number;
  readonly idleRoundTripsMs: readonly number[];
  readonly loadedRoundTripsMs: readonly number[];
}

/** Sends as fast as the peer takes it, and pings meanwhile. */
export async function measure(peer: Peer, measurement: Measurement): Promise<PerfResult> {
  const { seconds, streams: count, signal } = measurement;
  const idleRoundTripsMs: number[] = [];
  for (let i = 0; i < IDLE_PINGS; i++) idleRoundTripsMs.push(await peer.ping({ signal }));
  const streams = await Promise.all(Array.from({ length: count }, () => peer.openStream(PERF_PROTOCOL, { signal })));
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const over = new AbortController();
  const pings = pingUntil(peer, AbortSignal.any([over.signal, signal]));
  let acceptedBytes = 0;
  const onAccepted = (byteCount: number): void => {
    acceptedBytes += byteCount;
    measurement.onProgress(acceptedBytes, performance.now() - startMs);
  };
  try {
    const counts = await Promise.all(streams.map((stream) => load(stream, endMs, signal, onAccepted)));
    const durationMs = performance.now() - startMs;
    over.abort();
    return { byteCount: counts.reduce((a, b) => a + b, 0), durationMs, idleRoundTripsMs, loadedRoundTripsMs: await pings };
  } finally {
    over.abort();
    for (const stream of streams) stream.reset();
  }
}

/** Fills one stream until the time is over; the bytes that arrived. */
async function load(stream: ByteStream, endMs: number, signal: AbortSignal, onAccepted: (byteCount: number) => void): Promise<number> {
  let sentBytes = 0;
  while (performance.now() < endMs) {
    await stream.write(PATTERN, { signal });
    sentBytes += PATTERN.length;
    onAccepted(PATTERN.length);
  }
  await stream.end({ signal });
  const answer = new Uint8Array(COUNT_BYTES);
  let length = 0;
  for (let count = -1; length < COUNT_BYTES && count !== 0; length += count) count = await stream.read(answer.subarray(length), { signal });
  checkCount(answer.subarray(0, length), sentBytes);
  return sentBytes;
}

/** Round trips until `signal` aborts. Never rejects: what breaks the connection breaks the streams as well. */
async function pingUntil(peer: Peer, signal: AbortSignal): Promise<number[]> {
  const roundTripsMs: number[] = [];
  while (!signal.aborted) {
    try {
      roundTripsMs.push(await peer.ping({ signal }));
      await sleep(PING_INTERVAL_MS, undefined, { signal });
    } catch (error) {
      if (!OsierError.is(error, 'ERR_OSIER_TIMEOUT')) break;
    }
  }
  return roundTripsMs;
}
