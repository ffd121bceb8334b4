// Two network namespaces, for as long as something runs between them.
import { spawnSync } from 'node:child_process';

/** Why namespaces cannot be made here; `null` when they can. */
export function namespaceObstacle() {
  const name = `osier-bench-${process.pid}-try`;
  if (spawnSync('ip', ['netns', 'add', name], { stdio: 'ignore' }).status !== 0) return 'it needs root and iproute2, to make network namespaces';
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  return null;
}

/** @template T @param {(names: readonly [string, string]) => Promise<T>} work @returns {Promise<T>} */
export async function inNamespaces(work) {
  const names = /** @type {const} */ ([`osier-bench-${process.pid}-a`, `osier-bench-${process.pid}-b`]);
  for (const name of names) ip('netns', 'add', name);
  try {
    return await work(names);
  } finally {
    for (const name of names) ip('netns', 'del', name);
  }
}

/** @param {readonly string[]} args */
export function ip(...args) {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}
