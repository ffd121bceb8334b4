// A benchmark's figures as text, for the terminal.
import { figure } from './plot.mjs';

/** @param {import('./record.mjs').BenchmarkRecord} record */
export function summaryText({ title, unit, details = {}, contestants, verdicts, failures }) {
  const shown = Object.keys(details);
  const rows = Object.values(contestants)
    .filter(({ spread }) => spread !== null)
    .map((summary) => [
      summary.label,
      ...spreadCells(summary.spread),
      ...ratioCells(summary.ratio),
      ...shown.map((name) => detailCell(summary, name)),
    ]);
  const head = ['', 'min', 'median', 'max', 'ratio', 'min', 'max', ...Object.values(details)];
  const widths = head.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const table = [head, ...rows].map(([name = '', ...cells]) => {
    const aligned = cells.map((cell, index) => cell.padStart((widths[index + 1] ?? 0) + 2));
    return name.padEnd(widths[0] ?? 0) + aligned.join('');
  });
  return [`\n${title} (${unit})`, ...table, ...verdicts.map(verdictText), ...failures.map((failure) => failureText(contestants, failure))].join('\n');
}

/** @param {import('./record.mjs').Verdict} verdict */
export function verdictText({ text, verdict, median }) {
  return `Target, ${text}: ${verdict}${median === null ? '' : ` (${figure(median)})`}.`;
}

/** @param {import('./record.mjs').BenchmarkRecord['contestants']} contestants @param {import('./benchmark.mjs').RoundFailure} failure */
export function failureText(contestants, { contestant, round, message }) {
  return `Failed in round ${round + 1}: ${contestants[contestant]?.label ?? contestant}: ${message}.`;
}

/** @param {import('./statistics.mjs').Spread | null} spread */
export function spreadCells(spread) {
  return spread === null ? ['', '', ''] : [figure(spread.min), figure(spread.median), figure(spread.max)];
}

/** @param {import('./statistics.mjs').Spread | null} ratio */
export function ratioCells(ratio) {
  return ratio === null ? ['', '', ''] : [figure(ratio.median), figure(ratio.min), figure(ratio.max)];
}

/** @param {import('./record.mjs').Summary} summary @param {string} name */
export function detailCell({ details }, name) {
  const value = details[name];
  return value === undefined ? '' : figure(value);
}
