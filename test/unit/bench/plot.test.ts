import { expect, test } from 'vitest';
import { figure, plotOf } from '../../../bench/lib/plot.mjs';

const spread = (min: number, median: number, max: number) => ({ min, median, max });

test('a plot shows each contestant by its median, least and greatest', () => {
  const svg = plotOf({
    title: 'A & B',
    unit: 'Gbit/s',
    better: 'higher',
    rows: [
      { label: 'ours', spread: spread(5, 10, 20), isSubject: true },
      { label: 'theirs <1>', spread: spread(4, 5, 6), isSubject: false },
    ],
  });
  expect(svg).toContain('A &amp; B: Gbit/s, higher is better');
  expect(svg).toContain('theirs &lt;1&gt;');
  // From 340 to 770 for 20: the first bar ends at half, its line goes from a quarter to the whole.
  expect(svg).toContain('width="215.0"');
  expect(svg).toContain('M447.5 56H770.0');
  expect(svg.match(/<rect x="340"/g)).toHaveLength(2);
});

test('a figure keeps three digits', () => {
  expect([12_345.6, 123.45, 1.234, 0.123_4, 0.012_34, 0].map(figure)).toEqual(['12,346', '123.5', '1.23', '0.12', '0.0123', '0.00']);
});
