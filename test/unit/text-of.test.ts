import { expect, test } from 'vitest';
import { textOf } from '../../src/errors/text-of.js';

test.each([
  [new Error('broken'), 'broken'],
  ['text', 'text'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [Object.create(null), 'a value that cannot be shown'],
  [{ toString: () => Promise.reject }, 'a value that cannot be shown'],
])('whatever is thrown has a text (%#)', (thrown, text) => {
  expect(textOf(thrown)).toBe(text);
});
