// The files of figures: what a run writes, and what is kept of all runs that were published. bench/README.md documents the fields.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** @typedef {import('./record.mjs').BenchmarkRecord} BenchmarkRecord */
/** @typedef {{ command: string, plan: import('./benchmark.mjs').Plan, machine: ReturnType<typeof import('./machine.mjs').describeMachine>, versions: Record<string, string> }} Run */
/** @typedef {BenchmarkRecord & { run: Run }} Published */

/** Raised when a field changes its meaning or goes. */
export const SCHEMA = 1;

/** What BENCHMARKS.md is made of. */
const KEPT = new URL('../results/', import.meta.url);

/** @param {Run} run @param {readonly BenchmarkRecord[]} benchmarks */
export function jsonOf(run, benchmarks) {
  return `${JSON.stringify({ schema: SCHEMA, ...run, benchmarks }, null, 2)}\n`;
}

/** Keeps what a suite's benchmarks gave, in place of what they gave before; what did not run stays as it was.
 * @param {string} suite @param {Run} run @param {readonly BenchmarkRecord[]} records */
export function keep(suite, run, records) {
  mkdirSync(KEPT, { recursive: true });
  const all = new Map(kept(suite).map((record) => [record.name, record]));
  for (const record of records) all.set(record.name, { ...record, run });
  const benchmarks = [...all.values()];
  writeFileSync(new URL(`${suite}.json`, KEPT), `${JSON.stringify({ schema: SCHEMA, benchmarks })}\n`);
}

/** What is kept of a suite.
 * @param {string} suite @returns {Published[]} */
export function kept(suite) {
  const file = new URL(`${suite}.json`, KEPT);
  if (!existsSync(file)) return [];
  const { schema, benchmarks } = JSON.parse(readFileSync(file, 'utf8'));
  if (schema !== SCHEMA) throw new Error(`bench: ${file.pathname} has schema ${schema}, not ${SCHEMA}: remove it and measure again`);
  return benchmarks;
}
