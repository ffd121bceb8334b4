// What is kept of a benchmark that ran: its figures round by round, what they come to, and which bars they hold. bench/README.md documents the fields.
import { spreadOf } from './statistics.mjs';

/** @typedef {import('./benchmark.mjs').Bar} Bar @typedef {import('./benchmark.mjs').Benchmark} Benchmark @typedef {import('./benchmark.mjs').Result} Result */
/** @typedef {import('./statistics.mjs').Spread} Spread */
/** @typedef {{ label: string, spread: Spread | null, ratio: Spread | null, settings: string, details: Record<string, number> }} Summary `details`: medians. */
/** @typedef {{ text: string, relation: 'at least' | 'at most', bound: number, median: number | null, verdict: 'met' | 'missed' | 'not measured' | 'does not apply' }} Verdict */
/** @typedef {Pick<Benchmark, 'name' | 'title' | 'about' | 'unit' | 'better' | 'subject' | 'details' | 'cell'> & import('./benchmark.mjs').Measured
 *   & { contestants: Record<string, Summary>, verdicts: Verdict[] }} BenchmarkRecord */

/** @param {Benchmark} benchmark @param {import('./benchmark.mjs').Measured} measured @returns {BenchmarkRecord} */
export function recordOf(benchmark, { rounds, failures }) {
  const { name, title, about, unit, better, subject, details = {}, cell } = benchmark;
  const summaries = benchmark.contestants.map(({ id, label }) => [id, summaryOf({ id, label, subject, rounds })]);
  const verdicts = benchmark.bars.map((bar) => verdictOf(benchmark, bar, rounds));
  const described = { name, title, about, unit, better, subject, details, ...(cell === undefined ? {} : { cell }) };
  return { ...described, contestants: Object.fromEntries(summaries), verdicts, rounds, failures };
}

/** @param {{ id: string, label: string, subject: string, rounds: Record<string, Result>[] }} contestant @returns {Summary} */
function summaryOf({ id, label, subject, rounds }) {
  const results = rounds.flatMap((round) => round[id] ?? []);
  const ratios = id === subject ? [] : ratiosOf(rounds, subject, id);
  const names = [...new Set(results.flatMap(({ details }) => Object.keys(details)))];
  const medians = names.map((name) => [name, spreadOf(results.flatMap(({ details }) => details[name] ?? [])).median]);
  return {
    label,
    spread: results.length === 0 ? null : spreadOf(results.map(({ value }) => value)),
    ratio: ratios.length === 0 ? null : spreadOf(ratios),
    settings: results[0]?.settings ?? '',
    details: Object.fromEntries(medians),
  };
}

/** What was to hold, and whether the median of the rounds holds it.
 * @param {Benchmark} benchmark @param {Bar} bar @param {Record<string, Result>[]} rounds @returns {Verdict} */
function verdictOf({ subject, unit, details, contestants }, bar, rounds) {
  const { of = subject, figure, against, relation, bound, where } = bar;
  const labelOf = (/** @type {string} */ id) => contestants.find((contestant) => contestant.id === id)?.label ?? id;
  const figureName = figure === undefined ? '' : ` ${details?.[figure] ?? figure} of`;
  const boundText = Number.isInteger(bound) ? String(bound) : bound.toFixed(2);
  const unitText = against === undefined && figure === undefined ? ` ${unit}` : '';
  const text =
    `${figureName} ${labelOf(of)}${against === undefined ? '' : ` to that of ${labelOf(against)}`} ${relation} ${boundText}${unitText}`.trim();
  const values = against === undefined ? rounds.flatMap((round) => figureOf(round[of], figure) ?? []) : ratiosOf(rounds, of, against, figure);
  const others = where === undefined ? [] : rounds.flatMap((round) => figureOf(round[where.of]) ?? []);
  if (where !== undefined && others.length > 0 && spreadOf(others).median >= where.below) {
    return { text, relation, bound, median: null, verdict: 'does not apply' };
  }
  if (values.length === 0) return { text, relation, bound, median: null, verdict: 'not measured' };
  const { median } = spreadOf(values);
  const isMet = relation === 'at least' ? median >= bound : median <= bound;
  return { text, relation, bound, median, verdict: isMet ? 'met' : 'missed' };
}

/** One's figures to another's, round by round, where both have one.
 * @param {Record<string, Result>[]} rounds @param {string} of @param {string} against @param {string} [figure] */
function ratiosOf(rounds, of, against, figure) {
  return rounds.flatMap((results) => {
    const [ours, theirs] = [figureOf(results[of], figure), figureOf(results[against], figure)];
    return ours === undefined || theirs === undefined || theirs === 0 ? [] : [ours / theirs];
  });
}

/** @param {Result | undefined} result @param {string} [figure] */
function figureOf(result, figure) {
  return figure === undefined ? result?.value : result?.details[figure];
}
