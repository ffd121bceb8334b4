import { describe, expect, test } from 'vitest';
import { identityOfSeed, type NodeId } from '../../../../src/identity/index.js';
import { StatementStore } from '../../../../src/mesh/statements/statement-store.js';

const identities = Array.from({ length: 12 }, (_, number) => identityOfSeed(new Uint8Array(32).fill(number + 1)));
const at = (number: number): (typeof identities)[number] => identities[number] as (typeof identities)[number];
const [ANNA, BERT] = [at(10).id, at(11).id];

function store(max?: number, known: readonly NodeId[] = []) {
  const state = { nowMs: 0 };
  const made = new StatementStore({ nowMs: () => state.nowMs, isKnownNode: (id) => known.includes(id) }, max);
  const told: string[] = [];
  made.onNew(({ id, successor }, bytes, from) => told.push([id, successor, Buffer.from(bytes).length, from].join(' ')));
  return { state, told, statements: made };
}

test('a statement that its owner signed is new once, is told on, and stays', () => {
  const { statements, told } = store();
  const bytes = at(0).revoke();
  expect(statements.add(bytes, ANNA)).toBe('new');
  expect(statements.add(bytes, BERT)).toBe('known');
  expect(told).toEqual([`${at(0).id}  98 ${ANNA}`]);
  expect(statements.get(at(0).id)).toMatchObject({ id: at(0).id, successor: null });
  expect(statements.get(at(1).id)).toBeUndefined();
  bytes.fill(0);
  expect(statements.all()).toEqual([at(0).revoke()]);
});

test('one that is damaged, or that somebody else signed, changes nothing', () => {
  const { statements, told } = store();
  const [damaged, forged] = [at(0).revoke(), at(0).revoke()];
  damaged[1] = 7;
  forged.set(at(1).revoke().subarray(34), 34);
  expect([damaged, forged, new Uint8Array(0)].map((bytes) => statements.add(bytes, ANNA))).toEqual(['bad', 'bad', 'bad']);
  expect([told, statements.all()]).toEqual([[], []]);
});

test('of two successors the first stays, and the other is counted', () => {
  const { statements } = store();
  expect(statements.add(at(0).succeedBy(at(1).id), ANNA)).toBe('new');
  expect(statements.add(at(0).succeedBy(at(2).id), BERT)).toBe('known');
  expect(statements.get(at(0).id)?.successor).toBe(at(1).id);
  expect(statements.contradictions).toBe(1);
});

test('a revocation beats every successor, in whichever order they come, so that all nodes believe the same', () => {
  const [one, other] = [store().statements, store().statements];
  expect([one.add(at(0).succeedBy(at(1).id), ANNA), one.add(at(0).revoke(), ANNA)]).toEqual(['new', 'new']);
  expect([other.add(at(0).revoke(), ANNA), other.add(at(0).succeedBy(at(1).id), ANNA)]).toEqual(['new', 'known']);
  expect(one.get(at(0).id)?.successor).toBeNull();
  expect(one.all()).toEqual(other.all());
  // What cannot count is not even verified.
  expect(other.contradictions).toBe(0);
});

describe('when there are too many', () => {
  test('who told most of them is not heard any more, and of what it told the newest gives way to others', () => {
    const { statements } = store(3);
    for (const number of [0, 1, 2]) statements.add(at(number).revoke(), ANNA);
    expect(statements.add(at(3).revoke(), ANNA)).toBe('dropped');
    expect(statements.add(at(4).revoke(), BERT)).toBe('new');
    expect(statements.add(at(5).revoke(), BERT)).toBe('dropped');
    expect([0, 1, 2, 3, 4].map((number) => statements.get(at(number).id) !== undefined)).toEqual([true, true, false, false, true]);
    expect(statements.add(at(6).revoke(), ANNA)).toBe('dropped');
  });

  test('those of nodes that this one knows, and of its operator, stay and have room', () => {
    const { statements } = store(3, [at(6).id, at(5).id]);
    for (const number of [0, 1, 2]) statements.add(at(number).revoke(), ANNA);
    statements.add(at(1).revoke(), 'operator');
    expect(statements.add(at(3).revoke(), 'operator')).toBe('new');
    expect(statements.add(at(4).revoke(), 'operator')).toBe('new');
    expect(statements.add(at(6).revoke(), ANNA)).toBe('new');
    expect(statements.add(at(5).revoke(), ANNA)).toBe('new');
    expect([0, 1, 3, 4, 5, 6].map((number) => statements.get(at(number).id) !== undefined)).toEqual([true, true, true, true, true, true]);
    expect(statements.get(at(2).id)).toBeUndefined();
  });

  test('so many signatures are verified for one neighbour, and others lose nothing by it', () => {
    const { statements, state } = store();
    const forged = at(0).revoke();
    forged[97] = (forged[97] ?? 0) ^ 1;
    const heard = Array.from({ length: 4_100 }, () => statements.add(forged, ANNA));
    expect([heard.filter((one) => one === 'bad').length, heard.at(-1)]).toEqual([4_096, 'dropped']);
    expect(statements.add(at(0).revoke(), ANNA)).toBe('dropped');
    expect(statements.add(at(1).revoke(), BERT)).toBe('new');
    state.nowMs = 1_000;
    expect(statements.add(at(0).revoke(), ANNA)).toBe('new');
  });
});
