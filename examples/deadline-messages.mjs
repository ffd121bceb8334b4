// Messages with a deadline: a sensor reports its state, and a report that is too old is worth nothing. Each ends as delivered, expired or unknown.
import { setTimeout as sleep } from 'node:timers/promises';
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

const REPORTS = 20;
const LIFETIME_MS = 5_000;

const network = { secret: generateNetworkSecret() };
const monitor = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const sensor = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });

// What the monitor has read, to compare with what the sensor was told.
const seen = [];
let finish;
const finished = new Promise((resolve) => {
  finish = resolve;
});
monitor.handle('status', { kind: 'messages' }, async (stream) => {
  for await (const message of stream) seen.push(JSON.parse(new TextDecoder().decode(message)).sequence);
  finish();
});

const peer = await sensor.connect(monitor.address);
// The stream's lifetime is that of every message that names none of its own.
const stream = await peer.openStream('status', { kind: 'messages', lifetimeMs: LIFETIME_MS });

const fates = [];
for (let sequence = 0; sequence < REPORTS; sequence++) {
  const report = new TextEncoder().encode(JSON.stringify({ sequence, celsius: 20 + sequence / 10 }));
  fates.push(stream.deliver(report));
  await sleep(2);
}
// This one is as large as messages get, and has a millisecond: too little for its 16 MiB. The monitor never sees a part of it.
fates.push(stream.deliver(new Uint8Array(16 * 2 ** 20), { lifetimeMs: 1 }));

const count = { delivered: 0, expired: 0, unknown: 0 };
for (const fate of fates) count[(await fate).status]++;
await stream.end();
await finished;

console.log(`${fates.length} sent: ${count.delivered} delivered, ${count.expired} expired, ${count.unknown} unknown`);
console.log(`the monitor has read ${seen.length}, in order: ${seen.every((sequence, index) => index === 0 || sequence > seen[index - 1])}`);

await Promise.all([sensor.close(), monitor.close()]);
