import { describe, expect, test } from 'vitest';
import { inTurns, measure, ratios } from '../../../bench/lib/benchmark.mjs';
import { summaryText, verdicts } from '../../../bench/lib/report.mjs';

const result = (value: number) => ({ value, settings: 'none', details: {} });
const context = { cores: [0, 1] as const, warmUpMs: 0, measureMs: 0, trips: 0, rounds: 3 };

function benchmarkOf(runs: Record<string, (round: number) => number>) {
  return {
    name: 'test',
    title: 'A test',
    about: ['first', 'second'] as const,
    unit: 'Gbit/s',
    better: 'higher' as const,
    subject: 'ours',
    contestants: Object.entries(runs).map(([id, run]) => ({ id, label: id, run: async ({ round }: { round: number }) => result(run(round)) })),
    bars: [
      { against: 'theirs', relation: 'at least' as const, ratio: 2 },
      { value: 25, relation: 'at most' as const },
    ],
  };
}

test('each round begins with another contestant', () => {
  expect([0, 1, 2, 3].map((round) => inTurns(['a', 'b', 'c'], round))).toEqual([
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
    ['a', 'b', 'c'],
  ]);
});

describe('a ratio', () => {
  test('is of figures of the same round', async () => {
    const benchmark = benchmarkOf({ ours: (round) => 10 * (round + 1), theirs: (round) => 5 * (round + 1) });
    const measured = await measure(benchmark, context, () => {});
    expect(ratios(benchmark, measured, 'theirs')).toEqual([2, 2, 2]);
  });

  test('leaves out rounds in which one of both failed, and says who did', async () => {
    const benchmark = benchmarkOf({
      ours: () => 30,
      theirs: (round) => {
        if (round === 1) throw new Error('lost');
        return 10;
      },
    });
    const measured = await measure(benchmark, context, () => {});
    expect(ratios(benchmark, measured, 'theirs')).toEqual([3, 3]);
    expect(measured.failures).toEqual([{ contestant: 'theirs', round: 1, message: 'lost' }]);
    expect(summaryText({ benchmark, measured })).toContain('failed in round 2: theirs: lost');
  });
});

test('a target is met or missed by the median, and one that nobody measured is neither', async () => {
  const benchmark = benchmarkOf({ ours: (round) => [10, 20, 90][round] ?? 0, theirs: () => 10 });
  const measured = await measure(benchmark, context, () => {});
  expect(verdicts(benchmark, measured)).toEqual([
    'Target, ratio to theirs at least 2.00: met (2.00).',
    'Target, the figure itself at most 25.00: met (20.00).',
  ]);
  const slow = benchmarkOf({ ours: () => 19, theirs: () => 10 });
  expect(verdicts(slow, await measure(slow, context, () => {}))[0]).toBe('Target, ratio to theirs at least 2.00: missed (1.90).');
  expect(verdicts(benchmark, { name: 'test', rounds: [], failures: [] })[0]).toBe('Target, ratio to theirs at least 2.00: not measured.');
});
