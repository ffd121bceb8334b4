import { beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { PLACE_KEPT_MS, Placement } from '../../../src/shard/placement.js';

const id = (number: number): NodeId => `peer ${number}` as NodeId;
let placement: Placement;
let givenUp: (readonly [NodeId, number])[];

beforeEach(() => {
  givenUp = [];
  placement = new Placement(100, (one, shard) => givenUp.push([one, shard]));
  for (const shard of [0, 1, 2]) placement.addShard(shard, 10);
});

describe('a place', () => {
  test('is in the shard with the fewest, and the same for everybody who asks', () => {
    expect([1, 2, 3, 4, 5, 6].map((number) => placement.place(id(number), 0))).toEqual([0, 1, 2, 0, 1, 2]);
    placement.left(id(2), 1);
    placement.left(id(5), 1);
    expect([1, 7, 8].map((number) => placement.place(id(number), 0))).toEqual([0, 1, 1]);
  });

  test('is given up when the peer never comes, and kept when it did', () => {
    placement.place(id(1), 0);
    placement.place(id(2), 0);
    expect(placement.arrived(id(2), 1)).toBe(true);
    placement.expire(PLACE_KEPT_MS - 1);
    expect(givenUp).toEqual([]);
    placement.expire(PLACE_KEPT_MS);
    expect(givenUp).toEqual([[id(1), 0]]);
    expect([placement.find(id(1)), placement.find(id(2))]).toEqual([undefined, 1]);
    // Its room is free as well.
    expect(placement.place(id(3), 0)).toBe(0);
  });

  test('is the first one that a peer arrives in', () => {
    expect(placement.arrived(id(1), 2)).toBe(true);
    expect(placement.arrived(id(1), 1)).toBe(false);
    placement.left(id(1), 1);
    expect(placement.find(id(1))).toBe(2);
  });

  test('goes with its shard, and is found again in another', () => {
    placement.place(id(1), 0);
    placement.place(id(2), 0);
    placement.removeShard(0);
    expect(placement.find(id(1))).toBe(undefined);
    expect(placement.place(id(1), 0)).toBe(2);
    expect(placement.arrived(id(3), 0)).toBe(false);
    placement.addShard(0, 10);
    expect(placement.place(id(3), 0)).toBe(0);
  });

  test('is in a full shard only when all are', () => {
    const uneven = new Placement(3);
    uneven.addShard(0, 1);
    uneven.addShard(1, 2);
    expect([1, 2, 3, 4, 5].map((number) => uneven.place(id(number), 0))).toEqual([0, 1, 1, 0, 0]);
  });

  test('is nowhere without shards', () => {
    for (const shard of [0, 1, 2]) placement.removeShard(shard);
    expect(placement.place(id(1), 0)).toBe(null);
  });
});

describe('a claim', () => {
  test('holds where the peer is placed, or nowhere yet', () => {
    expect(placement.claim(id(1), 2, 0)).toBe(true);
    expect(placement.claim(id(1), 2, 0)).toBe(true);
    expect(placement.claim(id(1), 1, 0)).toBe(false);
    expect(placement.find(id(1))).toBe(2);
  });

  test('holds in a full shard when all are: no other has room', () => {
    const small = new Placement(2);
    for (const shard of [0, 1]) small.addShard(shard, 1);
    expect(small.claim(id(1), 1, 0)).toBe(true);
    expect(small.claim(id(2), 1, 0)).toBe(false);
    expect(small.claim(id(3), 0, 0)).toBe(true);
    expect(small.claim(id(2), 1, 0)).toBe(true);
  });

  test('does not hold in a shard that is full', () => {
    for (let number = 0; number < 10; number++) expect(placement.claim(id(number), 1, 0)).toBe(true);
    expect(placement.claim(id(10), 1, 0)).toBe(false);
    expect(placement.claim(id(10), 3, 0)).toBe(false);
    expect(placement.find(id(10))).toBe(undefined);
  });
});

test('there are four places for each peer that the node may have: of more, the oldest gives way that nobody came to', () => {
  const small = new Placement(2, (one, shard) => givenUp.push([one, shard]));
  small.addShard(0, 2);
  for (let number = 0; number < 8; number++) expect(small.place(id(number), 0)).toBe(0);
  expect(small.arrived(id(0), 0)).toBe(true);
  expect(small.place(id(8), 0)).toBe(0);
  // Somebody who is there has a place, whatever others asked for.
  expect(small.arrived(id(9), 0)).toBe(true);
  expect(givenUp).toEqual([1, 2].map((number) => [id(number), 0]));
  expect([0, 1, 2, 3, 8, 9].map((number) => small.find(id(number)))).toEqual([0, undefined, undefined, 0, 0, 0]);
  expect(small.size).toBe(8);
});

test('who is there has its place from nobody, and where all places are theirs there is none', () => {
  const small = new Placement(1, (one, shard) => givenUp.push([one, shard]));
  small.addShard(0, 1);
  for (let number = 0; number < 4; number++) expect(small.arrived(id(number), 0)).toBe(true);
  expect([small.place(id(4), 0), small.claim(id(4), 0, 0), small.arrived(id(4), 0)]).toEqual([null, false, false]);
  small.left(id(0), 0);
  expect(small.place(id(4), 0)).toBe(0);
  expect(givenUp).toEqual([]);
});
