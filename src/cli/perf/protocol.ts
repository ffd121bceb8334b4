/**
 * Throughput over `bytes` streams. The opener sends the pattern, over and over, for as long as it likes, and ends. The other end compares every byte,
 * answers with the count (u64, little-endian), and ends; it resets the stream at the first byte that differs.
 */
import { CommandError, ExitCode } from '../exit-codes.js';

/** The protocol's name. */
export const PERF_PROTOCOL = 'osier/perf/1';

/** Bytes of the answer. */
export const COUNT_BYTES = 8;

/** A prime, so that no buffer size divides it and a piece in a wrong place shows. */
const PATTERN_BYTES = 65_521;

/** What is sent, over and over. */
export const PATTERN = patternBytes(PATTERN_BYTES);

/** Twice, so that a whole pattern can be cut from any place. */
const TWICE = Buffer.concat([PATTERN, PATTERN]);

/** Whether `bytes` are what belongs at `offset` of a stream. */
export function isPattern(bytes: Uint8Array, offset: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const from = (offset + done) % PATTERN_BYTES;
    const length = Math.min(bytes.length - done, PATTERN_BYTES);
    if (TWICE.compare(bytes, done, done + length, from, from + length) !== 0) return false;
    done += length;
  }
  return true;
}

/** The answer to so many bytes. */
export function encodeCount(byteCount: number): Uint8Array {
  const answer = Buffer.alloc(COUNT_BYTES);
  answer.writeBigUInt64LE(BigInt(byteCount));
  return answer;
}

/** Throws unless the answer confirms `sentBytes`. */
export function checkCount(answer: Uint8Array, sentBytes: number): void {
  const isWhole = answer.length === COUNT_BYTES;
  if (isWhole && Buffer.from(answer).readBigUInt64LE() === BigInt(sentBytes)) return;
  throw new CommandError('ERR_CLI_DAMAGED', ExitCode.interrupted, `the other end did not confirm the ${sentBytes} bytes sent; please report this.`);
}

/** A linear congruential generator: cheap, and without a period that a page or packet size divides. */
function patternBytes(byteCount: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: byteCount }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
