import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { generateIdentity, generateNetworkSecret } from '../../src/index.js';
import { startNode } from './support/nodes.js';

test('a node that starts again finds the peers of its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'osier-peers-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cacheFile = join(folder, 'peers');
  const network = { secret: generateNetworkSecret() };
  const server = await startNode({ network });
  const identity = await generateIdentity();
  const first = await startNode({ network, identity, discovery: { cacheFile } });
  await first.connect(server.address);
  await first.close();
  expect(readFileSync(cacheFile, 'utf8')).toContain(server.id);
  const again = await startNode({ network, identity, discovery: { cacheFile } });
  await vi.waitFor(() => expect(again.peers.get(server.id)?.state.status).toBe('connected'));
});
