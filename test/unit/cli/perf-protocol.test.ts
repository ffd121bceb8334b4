import { expect, test } from 'vitest';
import { checkCount, encodeCount, isPattern, PATTERN } from '../../../src/cli/perf/protocol.js';

const stream = Buffer.concat([PATTERN, PATTERN, PATTERN, PATTERN]);

test('every piece of the stream is right in its place, and nowhere else', () => {
  for (const [from, length] of [
    [0, 1],
    [PATTERN.length - 1, 2],
    [PATTERN.length, PATTERN.length],
    [17, 3 * PATTERN.length],
  ] as const) {
    const piece = stream.subarray(from, from + length);
    expect(isPattern(piece, from)).toBe(true);
    if (length > 16) expect(isPattern(piece, from + 1)).toBe(false);
  }
});

test('one wrong byte shows, wherever it is', () => {
  for (const at of [0, PATTERN.length, stream.length - 1]) {
    const wrong = Buffer.from(stream);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    expect(isPattern(wrong, 0)).toBe(false);
  }
});

test('only the right count is a confirmation', () => {
  checkCount(encodeCount(2 ** 40), 2 ** 40);
  for (const answer of [encodeCount(2 ** 40 - 1), encodeCount(2 ** 40).subarray(1), new Uint8Array(0)]) {
    expect(() => checkCount(answer, 2 ** 40)).toThrow(expect.objectContaining({ code: 'ERR_CLI_DAMAGED' }));
  }
});
