import { beforeEach, expect, test } from 'vitest';
import { type OpenJoin, OpenJoins } from '../../../src/handshake/open-joins.js';
import { UNCONFIRMED_MAX, UNCONFIRMED_MS } from '../../../src/handshake/tuning.js';

function openJoin(overrides: Partial<OpenJoin> = {}): OpenJoin {
  const noise = { wipe: () => wiped++ } as unknown as OpenJoin['noise'];
  return {
    noise,
    senderIndex: 1,
    cipher: 'aes-256-gcm',
    token: new Uint8Array(8),
    digest: 'd',
    answer: new Uint8Array(1),
    takenAtMs: 100,
    ...overrides,
  };
}

let wiped = 0;
beforeEach(() => {
  wiped = 0;
});

test('a join is there for message 3 as long as it may take, and its state is wiped and its index given back after that', () => {
  const forgotten: number[] = [];
  const joins = new OpenJoins((localIndex) => forgotten.push(localIndex));
  joins.add(7, openJoin());
  expect(joins.get(7, 99 + UNCONFIRMED_MS)).not.toBeNull();
  expect(joins.get(7, 100 + UNCONFIRMED_MS)).toBeNull();
  expect([forgotten, wiped]).toEqual([[7], 1]);
});

test('joins that nobody completed, and those that were refused, are kept in a bounded number, the newest, and overwritten in the end', () => {
  const forgotten: number[] = [];
  const joins = new OpenJoins((localIndex) => forgotten.push(localIndex));
  for (let index = 1; index <= UNCONFIRMED_MAX + 5; index++) {
    joins.add(index, openJoin({ digest: `${index}` }));
    joins.refuse(10_000 + index, { digest: `${index}`, answer: new Uint8Array(1), takenAtMs: 100 });
  }
  expect(forgotten.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 10_001, 10_002, 10_003, 10_004, 10_005]);
  expect([joins.find('5', 100), joins.find('6', 100) === null, wiped]).toEqual([null, false, 5]);
  joins.clear();
  expect([forgotten.length, wiped]).toEqual([2 * (UNCONFIRMED_MAX + 5), UNCONFIRMED_MAX + 5]);
  expect(joins.find('6', 100)).toBeNull();
});
