// Measures round trips over one stream.
import { performance } from 'node:perf_hooks';
import { generateIdentity, MeshNode } from '../../dist/index.js';
import { report } from '../lib/report-line.mjs';
import { RoundTrips } from '../lib/round-trips.mjs';

const [trips = '0', address = '', secret = ''] = process.argv.slice(2);
const network = { secret: Buffer.from(secret, 'hex') };
const node = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0', cipher: 'chacha20-poly1305' });
const stream = await (await node.connect(address)).openStream('echo');

const roundTrips = new RoundTrips(Number(trips));
const answer = new Uint8Array(64);
while (!roundTrips.isComplete) {
  const question = roundTrips.nextQuestion();
  const startMs = performance.now();
  await stream.write(question);
  for (let length = 0; length < answer.length; ) length += await stream.read(answer.subarray(length));
  roundTrips.add(performance.now() - startMs, answer);
}
report(roundTrips.summary());
