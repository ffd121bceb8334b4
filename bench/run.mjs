// `npm run bench -- [--quick] [--rounds N] [--publish]`: measures Osier between two pinned processes on the loopback, beside the roof of this machine
// and beside node:dgram, in interleaved rounds. Prints a table and writes bench/out/latest.json; --publish also writes BENCHMARKS.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildRoof } from './lib/build-roof.mjs';
import { underLock } from './lib/lock.mjs';
import { describeMachine, twoCores } from './lib/machine.mjs';
import { benchmarksPage, spreads, summaryText } from './lib/report.mjs';
import { measureBulk } from './workloads/bulk.mjs';
import { measureEcho } from './workloads/echo.mjs';
import { measureRoof } from './workloads/roof.mjs';

const PACKET_SIZES = [1200, 1440];

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, publish: { type: 'boolean', default: false } },
});

underLock(fileURLToPath(import.meta.url), process.argv.slice(2));

/** Times in milliseconds. The quick plan is for a look, the other for figures that are kept. */
const plan = values.quick
  ? { rounds: 3, warmUpMs: 500, measureMs: 1500, trips: 10_000 }
  : { rounds: 7, warmUpMs: 1000, measureMs: 4000, trips: 40_000 };
if (values.rounds !== undefined) plan.rounds = Math.max(1, Number.parseInt(values.rounds, 10) || 1);

const roof = buildRoof();
const cores = twoCores();
const machine = describeMachine(cores);
const rounds = [];
for (let index = 0; index < plan.rounds; index++) {
  process.stderr.write(`round ${index + 1} of ${plan.rounds}\n`);
  rounds.push(await measureRound(index));
}
const result = { plan, machine, rounds };
writeResult(result);
console.log(summaryText(result));

/** One round measures everything once; what is compared stands next to one another, and takes turns in going first.
 * @param {number} index */
async function measureRound(index) {
  const bulk = [];
  for (const packetBytes of PACKET_SIZES) {
    const ours = () => measureBulk({ cores, packetBytes, ...plan });
    const theirs = () => measureRoof({ command: roof, cores, packetBytes, ...plan });
    const [osier, raw] = await inTurns(index, ours, theirs);
    bulk.push({ packetBytes, osier, roof: raw });
  }
  const [osier, dgram] = await inTurns(
    index,
    () => measureEcho('osier', { cores, trips: plan.trips }),
    () => measureEcho('dgram', { cores, trips: plan.trips }),
  );
  return { bulk, echo: { osier, dgram } };
}

/** @template A, B @param {number} index @param {() => Promise<A>} first @param {() => Promise<B>} second @returns {Promise<[A, B]>} */
async function inTurns(index, first, second) {
  if (index % 2 === 0) {
    const a = await first();
    return [a, await second()];
  }
  const b = await second();
  return [await first(), b];
}

/** @param {import('./lib/report.mjs').BenchResult} result */
function writeResult(result) {
  const out = new URL('./out/', import.meta.url);
  mkdirSync(out, { recursive: true });
  writeFileSync(new URL('latest.json', out), `${JSON.stringify({ ...result, spreads: spreads(result) }, null, 2)}\n`);
  if (values.publish) writeFileSync(new URL('../BENCHMARKS.md', import.meta.url), benchmarksPage(result));
}
