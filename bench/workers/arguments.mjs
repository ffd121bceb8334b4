// What a worker was started with: the contestant's name, its options, and the numbers of the work.
import { contestantNamed } from '../contestants/link.mjs';

/** @returns {Promise<{ contestant: import('../contestants/link.mjs').Contestant, work: Record<string, number>, address: string }>} */
export async function workerArguments() {
  const [name = '', options = '{}', work = '{}', address = ''] = process.argv.slice(2);
  return { contestant: await contestantNamed(name, JSON.parse(options)), work: JSON.parse(work), address };
}
