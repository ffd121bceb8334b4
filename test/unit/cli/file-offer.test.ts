import { describe, expect, test } from 'vitest';
import { isSafeName, Outcome, offerMetadata, outcomeError, parseOffer } from '../../../src/cli/file-transfer/protocol.js';

describe('a name that another machine gives', () => {
  test.each(['report.pdf', 'a', 'Gruß aus Köln.txt', '日本語.tar.gz', 'x'.repeat(200)])('%s is safe', (name) => {
    expect(isSafeName(name)).toBe(true);
  });

  test.each([
    ['', 'empty'],
    ['.', 'this folder'],
    ['..', 'the folder above'],
    ['.bashrc', 'hidden'],
    ['a/b', 'a path'],
    ['../x', 'a path up'],
    ['a\\b', 'a path on Windows'],
    ['C:x', 'a drive'],
    ['a\0b', 'ends early in C'],
    ['a\nb', 'two lines'],
    ['a\x1b[2Jb', 'obeyed by a terminal'],
    ['a\u202Eb', 'shown in another order'],
    ['a\u2028b', 'a line separator'],
    ['a\uD800', 'half a character'],
    [' a', 'begins with a space'],
    ['a ', 'ends with a space'],
    ['x'.repeat(201), 'too long'],
    ['ä'.repeat(101), 'too long in UTF-8'],
  ])('%j is refused: %s', (name) => {
    expect(isSafeName(name)).toBe(false);
    expect(parseOffer({ name, size: '1' })).toBeNull();
  });
});

test('an offer survives its metadata', () => {
  const offer = { name: 'node', sizeBytes: 99_000_000 };
  expect(parseOffer(offerMetadata(offer))).toEqual(offer);
});

test.each(['', '-1', '1.5', '1e3', '0x10', 'NaN', '99999999999999999999', '9007199254740992'])('a size of %j is refused', (size) => {
  expect(parseOffer({ name: 'a', size })).toBeNull();
});

test('metadata without a name or size is refused', () => {
  expect(parseOffer({})).toBeNull();
  expect(parseOffer({ name: 'a' })).toBeNull();
});

test('every outcome but stored is an error with a way out', () => {
  expect(outcomeError(Outcome.stored, 'a')).toBeNull();
  for (const outcome of [...Object.values(Outcome).filter((value) => value !== Outcome.stored), -1, 200]) {
    expect(outcomeError(outcome, 'a')?.message).toMatch(/"a".*[;.]/);
  }
});
