// `npm run bench -- [--quick] [--rounds N] [--only NAME[,NAME]] [--lossy] [--json FILE] [--publish]`: measures Osier beside its peers and the roof of this machine,
// in interleaved rounds; --lossy across emulated links instead of the loopback. Prints a table a benchmark and writes bench/out/latest.json; --publish also writes BENCHMARKS.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loopbackBenchmarks, lossyBenchmarks } from './benchmarks/index.mjs';
import { measure } from './lib/benchmark.mjs';
import { installContestants } from './lib/install-contestants.mjs';
import { underLock } from './lib/lock.mjs';
import { describeMachine, twoCores } from './lib/machine.mjs';
import { arePeersBuilt } from './lib/native-programs.mjs';
import { benchmarksPage, summaryText } from './lib/report.mjs';
import { versionsOfContestants } from './lib/versions.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    lossy: { type: 'boolean', default: false },
    json: { type: 'string' },
    publish: { type: 'boolean', default: false },
  },
});

underLock(fileURLToPath(import.meta.url), process.argv.slice(2));
installContestants();

/** Times in milliseconds. The quick plan shows that all of it works, the other gives figures that are kept. */
const plan = values.quick
  ? { rounds: 1, warmUpMs: 200, measureMs: 400, trips: 1_000 }
  : { rounds: 5, warmUpMs: 1_000, measureMs: 4_000, trips: 40_000 };
if (values.rounds !== undefined) plan.rounds = Math.max(1, Number.parseInt(values.rounds, 10) || 1);

const names = values.only?.split(',') ?? [];
const all = values.lossy ? lossyBenchmarks() : loopbackBenchmarks();
const unknown = names.filter((name) => all.every((benchmark) => !benchmark.name.startsWith(name)));
if (unknown.length > 0) {
  console.error(`bench: there is no benchmark ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
const asked = names.length === 0 ? all : all.filter((benchmark) => names.some((name) => benchmark.name.startsWith(name)));

const leavesPeersOut = values.quick && !arePeersBuilt();
if (leavesPeersOut)
  process.stderr.write('bench: quinn and s2n-quic are left out: they take minutes to build, which a run without --quick does once.\n');
const chosen = asked.map((benchmark) => ({
  ...benchmark,
  contestants: benchmark.contestants.filter(({ needsBuild = false }) => !(leavesPeersOut && needsBuild)),
}));

const cores = twoCores();
const run = {
  command: `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim(),
  plan,
  machine: describeMachine(cores),
  versions: versionsOfContestants(),
};
const outcomes = [];
for (const benchmark of chosen) {
  const measured = await measure(benchmark, { cores, ...plan }, (line) => process.stderr.write(`${line}\n`));
  outcomes.push({ benchmark, measured });
  console.log(summaryText({ benchmark, measured }));
}

const json = `${JSON.stringify({ ...run, benchmarks: outcomes.map(({ measured }) => measured) }, null, 2)}\n`;
const out = new URL('./out/', import.meta.url);
mkdirSync(out, { recursive: true });
writeFileSync(new URL('latest.json', out), json);
if (values.json !== undefined) writeFileSync(values.json, json);
if (values.publish) writeFileSync(new URL('../BENCHMARKS.md', import.meta.url), benchmarksPage(run, outcomes));
// A contestant that could not be measured is told, and is no reason to throw the rest away; Osier itself must work.
process.exitCode = outcomes.some(({ benchmark, measured }) => measured.failures.some(({ contestant }) => contestant === benchmark.subject)) ? 1 : 0;
