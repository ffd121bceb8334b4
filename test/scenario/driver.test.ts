import { expect, test, vi } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { collect, patternBytes, sameBytes, startNode } from './support/nodes.js';

test('the driver that was asked for runs, and says why when it is not the usual one', async () => {
  const info = (await startNode({})).info();
  expect(info.engine).toBe(process.env.OSIER_DRIVER ?? 'native');
  if (info.engine === 'dgram') expect(info.reasons.join()).toContain('OSIER_DRIVER=dgram');
  expect(info.receiveBufferBytes).toBeGreaterThan(0);
});

test('a driver that cannot poll says so where that was asked for', async () => {
  const { engine, reasons } = (await startNode({ spin: { maxMicros: 50 } })).info();
  expect(reasons.some((reason) => reason.startsWith('spin has no effect'))).toBe(engine === 'dgram');
});

test('both drivers talk to one another', async () => {
  const network = { secret: generateNetworkSecret() };
  const server = await startNode({ network });
  server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
  vi.stubEnv('OSIER_DRIVER', server.info().engine === 'dgram' ? 'native' : 'dgram');
  const client = await startNode({ network });
  vi.unstubAllEnvs();
  expect(client.info().engine).not.toBe(server.info().engine);
  const sent = patternBytes(1_000_000);
  const stream = await (await client.connect(server.address)).openStream('echo');
  const received = collect(stream);
  await stream.write(sent);
  await stream.end();
  expect(sameBytes(await received, sent)).toBe(true);
});

test('a driver that does not exist is refused by name', async () => {
  vi.stubEnv('OSIER_DRIVER', 'quic');
  await expect(startNode({})).rejects.toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'OSIER_DRIVER' } });
  vi.unstubAllEnvs();
});
