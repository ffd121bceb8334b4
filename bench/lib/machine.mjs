// The machine that the figures belong to.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** The cores that processes can be pinned to: all that this one may use.
 * @returns {import('./benchmark.mjs').Places} */
export function pinnableCores() {
  const list =
    execFileSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
      .split(': ')
      .at(-1) ?? '0';
  const allCores = list.trim().split(',').flatMap(expandRange);
  const [first = 0, second = first] = allCores;
  return { cores: [first, second], allCores };
}

/** @param {string} range "0-3" or "5" */
function expandRange(range) {
  const [low = 0, high = low] = range.split('-').map(Number);
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** @param {readonly number[]} pinnedCores */
export function describeMachine(pinnedCores) {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    coreCount: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 1e9),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    pinnedCores,
    loadBefore: loadavg()[0] ?? 0,
    date: new Date().toISOString().slice(0, 10),
  };
}
