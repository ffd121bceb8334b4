import { describe, expect, test } from 'vitest';
import { type Benchmark, inTurns, measure } from '../../../bench/lib/benchmark.mjs';
import { planOf } from '../../../bench/lib/plan.mjs';
import { recordOf } from '../../../bench/lib/record.mjs';
import { summaryText, verdictText } from '../../../bench/lib/report.mjs';

const result = (value: number) => ({ value, settings: 'none', details: { p99Micros: value * 10 } });
const context = { ...planOf({ isQuick: true, rounds: '3' }), cores: [0, 1] as const, allCores: [0, 1] };

async function recorded(benchmark: Benchmark) {
  return recordOf(benchmark, await measure(benchmark, context, () => {}));
}

function benchmarkOf(runs: Record<string, (round: number) => number>): Benchmark {
  return {
    name: 'test',
    title: 'A test',
    about: ['first', 'second'] as const,
    unit: 'Gbit/s',
    better: 'higher' as const,
    subject: 'ours',
    contestants: Object.entries(runs).map(([id, run]) => ({ id, label: id, run: async ({ round }: { round: number }) => result(run(round)) })),
    bars: [
      { against: 'theirs', relation: 'at least', bound: 2 },
      { relation: 'at most', bound: 25 },
      { of: 'theirs', figure: 'p99Micros', relation: 'at most', bound: 99 },
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
    const { contestants } = await recorded(benchmarkOf({ ours: (round) => 10 * (round + 1), theirs: (round) => 5 * (round + 1) }));
    expect(contestants.theirs?.ratio).toEqual({ min: 2, median: 2, max: 2 });
  });

  test('leaves out rounds in which one of both failed, and says who did', async () => {
    const record = await recorded(
      benchmarkOf({
        ours: (round) => (round === 1 ? 60 : 30),
        theirs: (round) => {
          if (round === 1) throw new Error('lost');
          return 10;
        },
      }),
    );
    expect(record.contestants.theirs?.ratio).toEqual({ min: 3, median: 3, max: 3 });
    expect(record.failures).toEqual([{ contestant: 'theirs', round: 1, message: 'lost' }]);
    expect(summaryText(record)).toContain('Failed in round 2: theirs: lost');
  });
});

test('a figure that is no number is a failure', async () => {
  const record = await recorded(benchmarkOf({ ours: () => Number.NaN, theirs: () => 10 }));
  expect(record.failures.map(({ contestant }) => contestant)).toEqual(['ours', 'ours', 'ours']);
  expect(record.contestants.ours?.spread).toBeNull();
});

test('a target is met or missed by the median, and one that nobody measured is neither', async () => {
  const benchmark = benchmarkOf({ ours: (round) => [10, 20, 90][round] ?? 0, theirs: () => 10 });
  expect((await recorded(benchmark)).verdicts.map(verdictText)).toEqual([
    'Target, ours to that of theirs at least 2: met (2.00).',
    'Target, ours at most 25 Gbit/s: met (20.00).',
    'Target, p99Micros of theirs at most 99: missed (100.0).',
  ]);
  const slow = await recorded(benchmarkOf({ ours: () => 19, theirs: () => 10 }));
  expect(slow.verdicts.map(verdictText)[0]).toBe('Target, ours to that of theirs at least 2: missed (1.90).');
  const unmeasured = recordOf(benchmark, { rounds: [], failures: [] });
  expect(unmeasured.verdicts.map(verdictText)[0]).toBe('Target, ours to that of theirs at least 2: not measured.');
});

test('one who does not finish in time has no figure, and did not fail', async () => {
  const benchmark = benchmarkOf({ ours: () => 10, theirs: () => 10 });
  const contestants = benchmark.contestants.map((contestant) => (contestant.id === 'theirs' ? { ...contestant, run: async () => null } : contestant));
  const record = await recorded({ ...benchmark, contestants });
  expect(record.contestants.theirs?.spread).toBeNull();
  expect(record.failures).toEqual([]);
});

test('a target that holds only below a figure of another does not apply above it', async () => {
  const bars = [{ relation: 'at least' as const, bound: 30, where: { of: 'theirs', below: 5 } }];
  const verdictWhere = async (theirs: number) =>
    (await recorded({ ...benchmarkOf({ ours: () => 10, theirs: () => theirs }), bars })).verdicts[0]?.verdict;
  expect([await verdictWhere(4), await verdictWhere(6)]).toEqual(['missed', 'does not apply']);
});
