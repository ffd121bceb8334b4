import { expect, test } from 'vitest';
import { BLOCK_BYTES, Pattern } from '../../../bench/lib/pattern.mjs';

const PACKET_BYTES = 1168;
const pattern = new Pattern();

test('what was sent passes at every position, also across the end of the block', () => {
  for (const position of [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 7 * BLOCK_BYTES - 5])
    expect(pattern.matches(position, pattern.at(position, 65_536))).toBe(true);
});

test('a range longer than the block passes', () => {
  const long = Buffer.concat([pattern.at(5, BLOCK_BYTES), pattern.at(5 + BLOCK_BYTES, 1000)]);
  expect(pattern.matches(5, long)).toBe(true);
});

test('one changed bit does not pass, wherever it is', () => {
  for (const offset of [0, 33_000, 65_535]) {
    const changed = Uint8Array.from(pattern.at(99, 65_536));
    changed[offset] = (changed[offset] ?? 0) ^ 1;
    expect(pattern.matches(99, changed)).toBe(false);
  }
});

test('a lost, a repeated and a moved packet do not pass', () => {
  expect(pattern.matches(0, pattern.at(PACKET_BYTES, PACKET_BYTES))).toBe(false);
  expect(pattern.matches(PACKET_BYTES, pattern.at(0, PACKET_BYTES))).toBe(false);
  expect(pattern.matches(0, pattern.at(900 * PACKET_BYTES, PACKET_BYTES))).toBe(false);
});
