import { expect, test } from 'vitest';
import { type OpenJoin, OpenJoins } from '../../../src/handshake/open-joins.js';
import { UNCONFIRMED_MS } from '../../../src/handshake/tuning.js';

test('a join is there for message 3 as long as it may take, and its state is wiped and its index given back after that', () => {
  const forgotten: number[] = [];
  let wiped = 0;
  const joins = new OpenJoins((localIndex) => forgotten.push(localIndex));
  const noise = { wipe: () => wiped++ } as unknown as OpenJoin['noise'];
  joins.add(7, { noise, senderIndex: 1, cipher: 'aes-256-gcm', token: new Uint8Array(8), digest: 'd', answer: new Uint8Array(1), takenAtMs: 100 });
  expect(joins.get(7, 99 + UNCONFIRMED_MS)).not.toBeNull();
  expect(joins.get(7, 100 + UNCONFIRMED_MS)).toBeNull();
  expect([forgotten, wiped]).toEqual([[7], 1]);
});
