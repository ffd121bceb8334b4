import { expect, test } from 'vitest';
import { SteeringOrder } from '../../../src/shard/steering-order.js';

function orderOf(...shards: number[]): SteeringOrder {
  const order = new SteeringOrder();
  for (const shard of shards) order.add(shard);
  return order;
}

test('the last socket takes the place of one that was closed', () => {
  const order = orderOf(0, 1, 2, 3);
  order.remove(1);
  expect(order.positions).toEqual([0, 3, 2]);
  order.remove(2);
  expect(order.positions).toEqual([0, 3]);
});

test('one that is bound again is the last', () => {
  const order = orderOf(0, 1, 2);
  order.remove(0);
  order.add(0);
  expect(order.positions).toEqual([2, 1, 0]);
});

test('one that is not there changes nothing', () => {
  const order = orderOf(0, 1);
  order.remove(7);
  expect(order.positions).toEqual([0, 1]);
});
