// `npm run bench -- [--quick] [--rounds N] [--only NAME[,NAME]] [--lossy | --micro] [--json FILE] [--publish]`: measures Osier beside its peers and the roof of
// this machine, in interleaved rounds. See README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchmarksOf } from './benchmarks/index.mjs';
import { measure } from './lib/benchmark.mjs';
import { installContestants } from './lib/install-contestants.mjs';
import { underLock } from './lib/lock.mjs';
import { describeMachine, pinnableCores } from './lib/machine.mjs';
import { arePeersBuilt } from './lib/native-programs.mjs';
import { publish } from './lib/page.mjs';
import { planOf } from './lib/plan.mjs';
import { recordOf } from './lib/record.mjs';
import { summaryText } from './lib/report.mjs';
import { jsonOf, keep } from './lib/results.mjs';
import { versionsOfContestants } from './lib/versions.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    lossy: { type: 'boolean', default: false },
    micro: { type: 'boolean', default: false },
    json: { type: 'string' },
    publish: { type: 'boolean', default: false },
  },
});

underLock(fileURLToPath(import.meta.url), process.argv.slice(2));
installContestants();

const suite = values.lossy ? 'lossy' : values.micro ? 'micro' : 'loopback';
const plan = planOf({ isQuick: values.quick, rounds: values.rounds });
const all = await benchmarksOf(suite);
const names = values.only?.split(',') ?? [];
const unknown = names.filter((name) => all.every((benchmark) => !benchmark.name.startsWith(name)));
if (unknown.length > 0) {
  console.error(`bench: there is no benchmark ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
const tell = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
const asked = names.length === 0 ? all : all.filter((benchmark) => names.some((name) => benchmark.name.startsWith(name)));
const chosen = asked.filter(canRun).map((benchmark) => ({ ...benchmark, contestants: benchmark.contestants.filter(takesPart) }));
if (values.quick && !arePeersBuilt())
  tell('bench: quinn and s2n-quic are left out: they take minutes to build, which a run without --quick does once.');

const places = pinnableCores();
const run = {
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
  plan,
  machine: describeMachine(places.allCores),
  versions: versionsOfContestants(),
};
const records = [];
for (const benchmark of chosen) {
  const record = recordOf(benchmark, await measure(benchmark, { ...places, ...plan }, tell));
  records.push(record);
  console.log(summaryText(record));
}

const out = new URL('./out/', import.meta.url);
mkdirSync(out, { recursive: true });
for (const file of [new URL('latest.json', out), ...(values.json === undefined ? [] : [values.json])]) writeFileSync(file, jsonOf(run, records));
if (values.publish) {
  keep(suite, run, records);
  publish();
}
// A peer that could not be measured is told, and is no reason to throw the rest away; Osier itself must work, and something must have been measured.
const ownFailures = records.flatMap(({ name, failures }) => failures.filter(({ contestant }) => contestant.startsWith('osier')).map(() => name));
if (ownFailures.length > 0) console.error(`bench: Osier failed in ${[...new Set(ownFailures)].join(', ')}.`);
process.exitCode = ownFailures.length > 0 || records.length === 0 ? 1 : 0;

/** @param {import('./lib/benchmark.mjs').Benchmark} benchmark */
function canRun({ name, isExtra = false, obstacle }) {
  // One that is asked for by its whole name runs.
  if (values.quick && isExtra && !names.includes(name)) return false;
  const why = obstacle?.() ?? null;
  if (why !== null) tell(`bench: ${name} is left out: ${why}.`);
  return why === null;
}

/** @param {import('./lib/benchmark.mjs').Contestant} contestant */
function takesPart({ needsBuild = false, isExtra = false }) {
  return !values.quick || (!isExtra && !(needsBuild && !arePeersBuilt()));
}
