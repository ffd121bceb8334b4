// File transfer: one file over one stream, hashed at both ends. `node file-transfer.mjs [FILE]` sends FILE, or itself.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

const file = process.argv[2] ?? fileURLToPath(import.meta.url);
const folder = await mkdtemp(join(tmpdir(), 'osier-example-'));
const network = { secret: generateNetworkSecret() };
const receiver = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const sender = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });

receiver.handle('file', async (stream, { metadata }) => {
  // The name comes from the other end: only its last part is used.
  const path = join(folder, basename(metadata.name ?? 'unnamed'));
  const hash = createHash('sha256');
  await pipeline(
    stream.readable,
    async function* (chunks) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  await stream.write(hash.digest());
});

const peer = await sender.connect(receiver.address);
const stream = await peer.openStream('file', { metadata: { name: basename(file) } });
const hash = createHash('sha256');
for await (const chunk of createReadStream(file)) {
  hash.update(chunk);
  await stream.write(chunk);
}
void stream.end();

const answer = [];
for await (const batch of stream) answer.push(...batch);
const sent = hash.digest('hex');
const stored = Buffer.concat(answer).toString('hex');
console.log(`${basename(file)}: ${stream.stats().bytesSent} bytes, sha256 ${sent}, ${stored === sent ? 'stored and verified' : 'DAMAGED'}`);

await Promise.all([sender.close(), receiver.close()]);
await rm(folder, { recursive: true });
process.exitCode = stored === sent ? 0 : 1;
