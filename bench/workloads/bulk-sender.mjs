// The sending end of a bulk transfer: 64 KiB a write, until it is told to stop.
import { performance } from 'node:perf_hooks';
import { generateIdentity, MeshNode } from '../../dist/index.js';
import { Pattern } from '../lib/pattern.mjs';
import { report } from '../lib/report-line.mjs';

const WRITE_BYTES = 65_536;

const [address = '', secret = ''] = process.argv.slice(2);
const network = { secret: Buffer.from(secret, 'hex') };
const node = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0', cipher: 'chacha20-poly1305' });
const peer = await node.connect(address);
const stream = await peer.openStream('bulk');
const pattern = new Pattern();
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});

report({ connected: true });
const [startMs, cpu] = [performance.now(), process.cpuUsage()];
let bytes = 0;
while (!isStopped) {
  await stream.write(pattern.at(bytes, WRITE_BYTES));
  bytes += WRITE_BYTES;
}
const { user, system } = process.cpuUsage(cpu);
const micros = (performance.now() - startMs) * 1000;
await stream.end();
const { packetsLost, mtuBytes } = peer.stats();
report({ bytes, micros, cpuMicros: user + system, packetsLost: Number(packetsLost), mtuBytes });
