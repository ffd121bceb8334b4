// Puts the figures of all rounds together: as text, and as the page BENCHMARKS.md.
import { ratios } from './benchmark.mjs';
import { spreadOf } from './statistics.mjs';

/** @typedef {import('./benchmark.mjs').Benchmark} Benchmark @typedef {import('./benchmark.mjs').Measured} Measured */
/** @typedef {ReturnType<typeof import('./machine.mjs').describeMachine>} Machine */
/** @typedef {{ rounds: number, warmUpMs: number, measureMs: number, trips: number }} Plan */
/** @typedef {{ command: string, plan: Plan, machine: Machine, versions: Record<string, string> }} Run */
/** @typedef {{ benchmark: Benchmark, measured: Measured }} Outcome */

/** @param {Outcome} outcome */
export function summaryText({ benchmark, measured }) {
  const rows = rowsOf(benchmark, measured).map(({ label, spread, ratio }) => [label, ...spread, ...ratio]);
  const head = ['', 'min', 'median', 'max', 'ratio', 'min', 'max'];
  const table = [head, ...rows].map(([name = '', ...cells]) => name.padEnd(44) + cells.map((cell) => cell.padStart(10)).join(''));
  const failures = measured.failures.map(({ contestant, round, message }) => `failed in round ${round + 1}: ${contestant}: ${message}`);
  return [`\n${benchmark.title} (${benchmark.unit})`, ...table, ...verdicts(benchmark, measured), ...failures].join('\n');
}

/** @param {Run} run @param {readonly Outcome[]} outcomes */
export function benchmarksPage({ command, plan, machine, versions }, outcomes) {
  return `# Benchmarks

This page is written by \`${command}\`; do not edit it. ${machine.date}, ${plan.rounds} interleaved rounds.

Machine: ${machine.processor}, ${machine.coreCount} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}, Node ${machine.node}.
Every measurement is between two processes on the loopback, pinned to the cores ${machine.pinnedCores.join(' and ')}; load before the run: ${machine.loadBefore.toFixed(2)}.
Each round measures every contestant once, in turns of who goes first; bulk and messages count for ${plan.measureMs} ms after ${plan.warmUpMs} ms of warm-up.
A ratio is ours to theirs of the same round; the table shows its median, least and greatest. A figure counts only what was delivered and compared.

Versions: ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}.

${outcomes.map(sectionOf).join('\n')}`;
}

/** @param {Outcome} outcome */
function sectionOf({ benchmark, measured }) {
  const subject = benchmark.contestants.find(({ id }) => id === benchmark.subject)?.label ?? benchmark.subject;
  const rows = rowsOf(benchmark, measured).map(({ label, spread, ratio, settings }) => `| ${[label, ...spread, ...ratio, settings].join(' | ')} |`);
  const notes = [
    ...verdicts(benchmark, measured),
    ...measured.failures.map(({ contestant, round, message }) => `Failed in round ${round + 1}: ${contestant}: ${message}.`),
  ];
  return `## ${benchmark.title}

${benchmark.about.join('\n')}
Run it alone with \`npm run bench -- --only ${benchmark.name}\`. Ratios are those of "${subject}"; ${benchmark.better} is better.

| ${benchmark.unit} | min | median | max | ratio | min | max | settings |
|---|---:|---:|---:|---:|---:|---:|---|
${rows.join('\n')}

${notes.map((note) => `- ${note}`).join('\n')}
`;
}

/** @param {Benchmark} benchmark @param {Measured} measured */
function rowsOf(benchmark, measured) {
  return benchmark.contestants.flatMap(({ id, label }) => {
    const results = measured.rounds.flatMap((round) => round[id] ?? []);
    if (results.length === 0) return [];
    const values = spreadOf(results.map(({ value }) => value));
    const own = id === benchmark.subject ? [] : ratios(benchmark, measured, id);
    const ratio = own.length === 0 ? ['', '', ''] : cells([spreadOf(own).median, spreadOf(own).min, spreadOf(own).max]);
    return [{ id, label, spread: cells([values.min, values.median, values.max]), ratio, settings: results[0]?.settings ?? '' }];
  });
}

/** @param {readonly number[]} numbers */
function cells(numbers) {
  return numbers.map((number) => (Math.abs(number) >= 100 ? number.toFixed(1) : number.toFixed(2)));
}

/** What was to hold, and whether the median of the rounds holds it.
 * @param {Benchmark} benchmark @param {Measured} measured */
export function verdicts(benchmark, measured) {
  return benchmark.bars.map((bar) => {
    const values = 'ratio' in bar ? ratios(benchmark, measured, bar.against) : subjectValues(benchmark, measured);
    const bound = 'ratio' in bar ? bar.ratio : bar.value;
    const name = 'ratio' in bar ? `ratio to ${labelOf(benchmark, bar.against)}` : 'the figure itself';
    const target = `Target, ${name} ${bar.relation} ${bound.toFixed(2)}`;
    if (values.length === 0) return `${target}: not measured.`;
    const { median } = spreadOf(values);
    const isMet = bar.relation === 'at least' ? median >= bound : median <= bound;
    return `${target}: ${isMet ? 'met' : 'missed'} (${median.toFixed(2)}).`;
  });
}

/** @param {Benchmark} benchmark @param {Measured} measured */
function subjectValues({ subject }, { rounds }) {
  return rounds.flatMap((round) => round[subject]?.value ?? []);
}

/** @param {Benchmark} benchmark @param {string} id */
function labelOf({ contestants }, id) {
  return contestants.find((contestant) => contestant.id === id)?.label ?? id;
}
