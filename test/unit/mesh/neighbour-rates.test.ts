import { expect, test } from 'vitest';
import { type NodeId, VerifiedSignatures } from '../../../src/identity/index.js';
import { NeighbourRates } from '../../../src/mesh/neighbour-rates.js';

const neighbour = (number: number): NodeId => `n${number}` as NodeId;

test('a neighbour has its burst once, then its rate, also when it was gone meanwhile, until ten thousand others came', () => {
  const rates = new NeighbourRates(2, 10);
  expect([0, 0, 0].map((nowMs) => rates.take(neighbour(0), nowMs))).toEqual([true, true, false]);
  for (let number = 1; number < 10_000; number++) expect(rates.take(neighbour(number), 0)).toBe(true);
  expect(rates.take(neighbour(0), 0)).toBe(false);
  expect([rates.take(neighbour(0), 100), rates.take(neighbour(0), 100)]).toEqual([true, false]);
  rates.take(neighbour(10_000), 100);
  expect(rates.take(neighbour(0), 100)).toBe(true);
});

test('of signatures that were found good so many are remembered, and the oldest is forgotten', () => {
  const verified = new VerifiedSignatures();
  for (let number = 0; number <= 16_384; number++) verified.add(`${number}`);
  expect(['0', '1', '16384'].map((key) => verified.has(key))).toEqual([false, true, true]);
});
