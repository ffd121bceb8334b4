// A node with shards, or none, to which many send bulk. Told to, it counts for a while; told again, it says what it has received altogether.
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../dist/index.js';
import { HOST } from '../contestants/host.mjs';
import { report } from '../lib/report-line.mjs';
import { countersOf, makeCounters, serveBulk } from './shard-handlers.mjs';

const { shards = 0, cipher = 'auto', warmUpMs = 0, measureMs = 0 } = JSON.parse(process.argv[2] ?? '{}');
const counters = makeCounters(shards);
const secret = generateNetworkSecret();
const sharded = { shards, handlers: new URL('./shard-handlers.mjs', import.meta.url), shardData: counters };
const node = await MeshNode.create({
  identity: await generateIdentity(),
  network: { secret },
  listen: `udp://${HOST}:0`,
  cipher,
  ...(shards > 0 ? sharded : {}),
});
if (shards === 0) serveBulk(node, counters, 0);
const { shards: running, reasons } = node.info();
report({ address: `${Buffer.from(secret).toString('hex')} ${node.address}`, running, reasons });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'measure') {
    await setTimeout(warmUpMs);
    const [startMs, before, cpu] = [performance.now(), countersOf(counters).bytes, process.cpuUsage()];
    await setTimeout(measureMs);
    const { user, system } = process.cpuUsage(cpu);
    const bytes = countersOf(counters).bytes.map((count, shard) => count - (before[shard] ?? 0));
    report({ bytes, micros: (performance.now() - startMs) * 1_000, cpuMicros: user + system });
  } else {
    report(countersOf(counters));
  }
}

// Who measures is gone.
process.exit();
