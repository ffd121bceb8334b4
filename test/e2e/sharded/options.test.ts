import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { Peer } from '../../../src/index.js';
import { answerOf, start, startMany } from './support.js';

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
