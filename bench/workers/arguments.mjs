// What a worker was started with: the contestant's name, its options, and the numbers of the work.
import { contestantNamed } from '../contestants/link.mjs';

/** @returns {Promise<{ contestant: import('../contestants/link.mjs').Contestant, work: Record<string, number>, address: string }>} */
export async function workerArguments() {
  exitWithParent();
  const [name = '', options = '{}', work = '{}', address = ''] = process.argv.slice(2);
  return { contestant: await contestantNamed(name, JSON.parse(options)), work: JSON.parse(work), address };
}

/** Who measures is gone when stdin ends, however it went: nothing of it stays behind. */
export function exitWithParent() {
  process.stdin.once('end', () => process.exit(1));
  process.stdin.resume();
}
