import { expect, onTestFinished, test, vi } from 'vitest';
import { patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { connectTwo, echoed, simulate, traceOf } from './support/programs.js';

const FAULTS = { delayMs: 20, jitterMs: 10, lossRate: 0.05, duplicateRate: 0.02, reorderRate: 0.05, corruptRate: 0.02 };

async function runOnce(seed: string) {
  const network = simulate({ seed, link: FAULTS });
  const trace = traceOf(network);
  const ended = await network.run(async () => {
    const { server, client, peer } = await connectTwo(network);
    const sent = patternBytes(200_000);
    expect(sameBytes(await echoed(peer, sent), sent)).toBe(true);
    return { ids: [server.id, client.id], atMs: network.clock.nowMs(), stats: client.stats() };
  });
  return { ...ended, ...trace() };
}

test('the same seed gives the same run, datagram by datagram; another seed gives another', async () => {
  const first = await runOnce('one');
  expect(first.datagrams).toBeGreaterThan(200);
  expect(await runOnce('one')).toEqual(first);
  expect((await runOnce('two')).digest).not.toBe(first.digest);
});

test('the environment changes nothing in a run', async () => {
  const first = await runOnce('one');
  vi.stubEnv('OSIER_MTU', '9000');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await runOnce('one')).toEqual(first);
});

test('no feature of the machine shows in a simulated node', async () => {
  const network = simulate();
  await network.run(async () => {
    const { client, peer } = await connectTwo(network);
    expect(client.info().features).toEqual([]);
    expect(peer.state).toMatchObject({ cipher: 'chacha20-poly1305' });
  });
});

test('1 MiB arrives whole over 5 % loss, and takes its virtual time', async () => {
  const network = simulate({ link: { delayMs: 20, lossRate: 0.05 } });
  await network.run(async () => {
    const { peer } = await connectTwo(network);
    const sent = patternBytes(2 ** 20);
    const startMs = network.clock.nowMs();
    expect(sameBytes(await echoed(peer, sent), sent)).toBe(true);
    expect(network.clock.nowMs() - startMs).toBeGreaterThan(200);
    expect(peer.stats().packetsLost).toBeGreaterThan(0n);
  });
});
