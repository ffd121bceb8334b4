/** A byte stream that is written for as long as one likes, and what was read of it. */
import { createHash } from 'node:crypto';
import type { ByteStream, Clock } from '../../../src/index.js';
import { patternBytes } from '../../scenario/support/nodes.js';

const CHUNK_BYTES = 16_384;

/** What one end wrote or read: equal digests are equal bytes. */
export interface Carried {
  readonly byteCount: number;
  readonly digest: string;
}

/** Writes a pattern until `untilMs`, then ends the stream. */
export async function writeUntil(stream: ByteStream, clock: Clock, untilMs: number): Promise<Carried> {
  const hash = createHash('sha256');
  let byteCount = 0;
  for (let number = 0; clock.nowMs() < untilMs; number++) {
    const chunk = patternBytes(CHUNK_BYTES, number);
    await stream.write(chunk);
    hash.update(chunk);
    byteCount += chunk.length;
  }
  await stream.end();
  return { byteCount, digest: hash.digest('hex') };
}

/** Reads to the end; calls back whenever bytes have come. */
export async function readAll(stream: ByteStream, onBatch: () => void = () => {}): Promise<Carried> {
  const hash = createHash('sha256');
  let byteCount = 0;
  for await (const batch of stream) {
    onBatch();
    for (const chunk of batch) {
      hash.update(chunk);
      byteCount += chunk.length;
    }
  }
  return { byteCount, digest: hash.digest('hex') };
}

/** The longest time between two arrivals. */
export function longestGapMs(arrivalsMs: readonly number[]): number {
  return Math.max(...arrivalsMs.slice(1).map((atMs, index) => atMs - (arrivalsMs[index] ?? 0)));
}
