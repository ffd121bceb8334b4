// BENCHMARKS.md and its plots, from what is kept of published runs.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { plotOf } from './plot.mjs';
import { detailCell, failureText, ratioCells, spreadCells, verdictText } from './report.mjs';
import { kept } from './results.mjs';

/** @typedef {import('./results.mjs').Published} Published @typedef {import('./results.mjs').Run} Run */

/** In the order of the page. `flag`: what `npm run bench --` takes for it. */
export const SUITES = /** @type {const} */ ({
  loopback: { title: 'Two processes on the loopback', flag: '' },
  lossy: { title: 'Lossy and long paths', flag: '--lossy ' },
  micro: { title: 'Parts of it, in one process', flag: '--micro ' },
});

const PLOTS = new URL('../plots/', import.meta.url);
const PAGE = new URL('../../BENCHMARKS.md', import.meta.url);

/** Writes all of it anew. */
export function publish() {
  rmSync(PLOTS, { recursive: true, force: true });
  mkdirSync(PLOTS, { recursive: true });
  const names = /** @type {(keyof typeof SUITES)[]} */ (Object.keys(SUITES));
  const suites = names.map((name) => ({ name, records: kept(name) })).filter(({ records }) => records.length > 0);
  const runs = [...new Map(suites.flatMap(({ records }) => records.map(({ run }) => /** @type {const} */ ([keyOf(run), run])))).entries()];
  const runNumber = new Map(runs.map(([key], index) => [key, index + 1]));
  const sections = suites.map(({ name, records }) => suiteSection(SUITES[name], records, (run) => runNumber.get(keyOf(run)) ?? 0));
  writeFileSync(PAGE, `${introduction(runs.map(([, run]) => run))}\n${sections.join('\n')}`);
}

/** @param {readonly Run[]} runs */
function introduction(runs) {
  return `# Benchmarks

This page is written by \`npm run bench -- --publish\`; do not edit it. [bench/README.md](bench/README.md) says how to repeat it and what its JSON holds.

Each round measures every contestant once, in turns of who goes first, each process pinned. A figure counts only what was delivered and compared.
A ratio is ours to theirs of the same round; tables show its median, least and greatest.

${runs.map((run, index) => `- Run ${index + 1}: ${runText(run)}`).join('\n')}
`;
}

/** @param {Run} run */
function runText({ command, plan, machine, versions }) {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `\`${command}\`, ${machine.date}, ${plan.rounds} rounds, ${plan.measureMs} ms counted after ${plan.warmUpMs} ms of warm-up, ${plan.trips.toLocaleString('en')} round trips.
  ${machine.processor}, ${machine.coreCount} cores, ${machine.memoryGigabytes} GB, ${machine.kernel}, Node ${machine.node}; cores ${machine.pinnedCores.join(', ')}; load before it ${machine.loadBefore.toFixed(2)}.
  ${names.join(', ')}.`;
}

/** Runs that a reader need not tell apart.
 * @param {Run} run */
function keyOf({ command, machine, versions }) {
  return JSON.stringify([command, machine, versions]);
}

/** @param {{ title: string, flag: string }} suite @param {readonly Published[]} records @param {(run: Run) => number} runNumber */
function suiteSection({ title, flag }, records, runNumber) {
  /** @type {Map<string, Published[]>} */
  const groups = new Map();
  for (const record of records) {
    const key = record.cell?.family ?? record.name;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const parts = [...groups.values()].map((group) => (group[0]?.cell === undefined ? group.map(section) : [familySection(group)]).join('\n'));
  return `## ${title}\n\n${parts.join('\n')}`;

  /** @param {Published} record */
  function section(record) {
    const { name, about, unit, better, subject, details = {}, contestants, verdicts, failures, run } = record;
    const rows = Object.values(contestants).map((summary) => {
      const more = Object.keys(details).map((detail) => detailCell(summary, detail));
      return row([summary.label, ...spreadCells(summary.spread), ...ratioCells(summary.ratio), ...more, summary.settings]);
    });
    const headings = [unit, 'min', 'median', 'max', 'ratio', 'min', 'max', ...Object.values(details), 'settings'];
    const notes = [...verdicts.map(verdictText), ...failures.map((failure) => failureText(contestants, failure))];
    writePlot(name, { ...record, rows: plotRows(record) });
    return `### ${record.title}

${about.join('\n')}
\`npm run bench -- ${flag}--only ${name}\`, run ${runNumber(run)}. Ratios are those of "${contestants[subject]?.label ?? subject}"; ${better} is better.

![${record.title}](bench/plots/${fileName(name)})

${row(headings)}
|---|${'---:|'.repeat(headings.length - 2)}---|
${rows.join('\n')}
${notes.length === 0 ? '' : `\n${notes.map((note) => `- ${note}`).join('\n')}\n`}`;
  }

  /** Many of a kind: a row each, with the median of each contestant.
   * @param {readonly Published[]} group */
  function familySection(group) {
    const [first] = group;
    if (first?.cell === undefined) return '';
    const { family } = first.cell;
    const ids = [...new Set(group.flatMap(({ contestants }) => Object.keys(contestants)))];
    const labels = ids.map((id) => group.find(({ contestants }) => id in contestants)?.contestants[id]?.label ?? id);
    const rows = group.map((record) => {
      const missed = record.verdicts.filter(({ verdict }) => verdict === 'missed' || verdict === 'not measured').map(verdictText);
      const medians = ids.map((id) => spreadCells(record.contestants[id]?.spread ?? null)[1] ?? '');
      const failures = record.failures.map((failure) => failureText(record.contestants, failure));
      return row([record.cell?.cell ?? record.name, ...medians, [...missed, ...failures].join(' ') || 'all targets met']);
    });
    writePlot(family, { ...first, title: family, rows: group.flatMap((record) => plotRows(record).filter(({ isSubject }) => isSubject)) });
    return `### ${first.title.split(':')[0]}

${first.about.join('\n')}
\`npm run bench -- ${flag}--only ${family}\`, run ${[...new Set(group.map(({ run }) => runNumber(run)))].join(', ')}. Medians; ${first.better} is better.

![${family}](bench/plots/${fileName(family)})

${row([first.unit, ...labels, ''])}
|---|${'---:|'.repeat(labels.length)}---|
${rows.join('\n')}
`;
  }
}

/** @param {Published} record @returns {import('./plot.mjs').PlotRow[]} */
function plotRows({ subject, contestants, cell }) {
  return Object.entries(contestants).flatMap(([id, { label, spread }]) =>
    spread === null ? [] : [{ label: cell === undefined ? label : cell.cell, spread, isSubject: id === subject }],
  );
}

/** @param {string} name @param {Parameters<typeof plotOf>[0]} plot */
function writePlot(name, plot) {
  writeFileSync(new URL(fileName(name), PLOTS), plotOf(plot));
}

/** @param {string} name */
function fileName(name) {
  return `${name.replaceAll(/[^\w.-]+/g, '-')}.svg`;
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.join(' | ')} |`;
}
