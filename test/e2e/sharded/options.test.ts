import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { onDiagnostics, type Peer } from '../../../src/index.js';
import { answerOf, HANDLERS, start, startMany, whereIs } from './support.js';

test('peers of the options find the handlers that are registered when the node is there', async () => {
  const others = await startMany(12);
  const answers = others.map(async (other) => {
    const [peer] = (await once(other, 'peer')) as [Peer];
    return answerOf(await peer.openStream('early'));
  });
  const node = await start({ shards: 3, peers: others.map(({ address }) => address) });
  node.handle('early', async (stream) => void (await stream.write(Uint8Array.of(0x79))));
  expect(await Promise.all(answers)).toEqual(others.map(() => 'y'));
});

test('peers of the options that no other shard had room for are connected when theirs is back', async () => {
  const others = await startMany(4);
  const addresses = others.map(({ address }) => address);
  const node = await start({ shards: 2, handlers: HANDLERS, peers: addresses, limits: { peers: others.length } });
  const states = (): unknown[] => others.map(({ id }) => node.peers.get(id)?.state.status);
  const connected = others.map(() => 'connected');
  await vi.waitFor(() => expect(states()).toEqual(connected));
  const restarted = new Promise<void>((resolve) => {
    const subscription = onDiagnostics('osier:shard', ({ event }) => event === 'started' && resolve());
    onTestFinished(() => subscription[Symbol.dispose]());
  });
  for (const other of others) {
    const peer = other.peers.get(node.id) as Peer;
    if ((await whereIs(peer)).index !== 1) continue;
    await peer.openStream('exit');
    break;
  }
  await restarted;
  await vi.waitFor(() => expect(states()).toEqual(connected), { timeout: 10_000 });
});
