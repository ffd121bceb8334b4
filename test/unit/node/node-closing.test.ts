import { expect, test } from 'vitest';
import { NodeClosing } from '../../../src/node/node-closing.js';
import type { PeerTable } from '../../../src/peer/index.js';

const noPeers = { values: () => [] } as unknown as PeerTable;

test.each([
  ['rejects', () => Promise.reject(new Error('a thread does not end'))],
  [
    'throws',
    () => {
      throw new Error('a thread does not end');
    },
  ],
])('a close does not reject when the end of what is left %s', async (_how, onPeersClosed) => {
  const leftOver: unknown[] = [];
  const closing = new NodeClosing(noPeers, { onClosing: () => {}, onPeersClosed, onLeftOver: (cause) => leftOver.push(cause) });
  expect(await closing.begin(0, new Uint8Array(0))).toEqual({ status: 'drained' });
  expect(leftOver).toMatchObject([{ message: 'a thread does not end' }]);
});
