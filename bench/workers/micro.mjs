// One task under tinybench, in a process of its own.
import { report } from '../lib/report-line.mjs';
import { TASKS } from '../micro/tasks.mjs';
import { exitWithParent } from './arguments.mjs';

// By a name that the type checker does not follow: where this package is not installed it would find the older one of the test runner.
const library = 'tinybench';
const { Bench } = await import(library);

exitWithParent();

const [name = '', plan = '{}'] = process.argv.slice(2);
const { warmUpMs = 0, measureMs = 0 } = JSON.parse(plan);
const make = TASKS[name];
if (make === undefined) throw new Error(`there is no task ${name}`);
const { run, isAsync = false } = await make();
const bench = new Bench({ time: measureMs, warmupTime: warmUpMs, throws: true });
bench.add(name, run, { async: isAsync });
await bench.run();
const result = bench.tasks[0]?.result;
if (result === undefined || !('latency' in result)) throw new Error(`${name} gave no result`);
const { latency } = result;
report({ meanMicros: latency.mean * 1e3, p50Micros: latency.p50 * 1e3, p99Micros: latency.p99 * 1e3, samples: latency.samplesCount });
