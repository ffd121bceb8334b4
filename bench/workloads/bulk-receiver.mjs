// The receiving end of a bulk transfer: compares every byte, and counts for a while after a warm-up.
import { performance } from 'node:perf_hooks';
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../dist/index.js';
import { Pattern } from '../lib/pattern.mjs';
import { report } from '../lib/report-line.mjs';

const [warmUpMs = 0, measureMs = 0] = process.argv.slice(2).map(Number);
const secret = generateNetworkSecret();
const node = await MeshNode.create({
  identity: await generateIdentity(),
  network: { secret },
  listen: 'udp://127.0.0.1:0',
  cipher: 'chacha20-poly1305',
});
const pattern = new Pattern();

node.handle('bulk', async (stream) => {
  let bytes = 0;
  const window = new Window();
  for await (const view of stream.views()) {
    if (!pattern.matches(bytes, view)) return report({ error: `the bytes from ${bytes} on are not those that were sent` });
    bytes += view.length;
    window.update(bytes);
  }
  report({ bytes });
});
report({ address: node.address, secret: Buffer.from(secret).toString('hex') });

/** Counts what arrives between the end of the warm-up and the end of the measurement, and reports it once. */
class Window {
  startMs = performance.now() + warmUpMs;
  endMs = this.startMs + measureMs;
  /** @type {{ atMs: number, bytes: number, cpu: NodeJS.CpuUsage } | null} */
  begun = null;
  isReported = false;

  /** @param {number} bytes */
  update(bytes) {
    const nowMs = performance.now();
    if (this.begun === null) {
      if (nowMs >= this.startMs) this.begun = { atMs: nowMs, bytes, cpu: process.cpuUsage() };
    } else if (nowMs >= this.endMs && !this.isReported) {
      this.isReported = true;
      const { user, system } = process.cpuUsage(this.begun.cpu);
      report({ bytes: bytes - this.begun.bytes, micros: (nowMs - this.begun.atMs) * 1000, cpuMicros: user + system });
    }
  }
}
