import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventQueue } from '../../../src/testing/event-queue.js';
import { SeededRandom } from '../../../src/testing/seeded-random.js';

test('events come by time, then as they were asked for, without those that were cancelled', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (wanted) => {
      const queue = new EventQueue();
      const kept = wanted.flatMap(([atMicros, isCancelled], index) => {
        const event = queue.add(atMicros, () => index);
        event.isCancelled = isCancelled;
        return isCancelled ? [] : [event];
      });
      const taken = [];
      for (let event = queue.take(); event !== null; event = queue.take()) taken.push(event);
      // The sort is stable: equal times stay in their order.
      expect(taken).toEqual(kept.sort((a, b) => a.atMicros - b.atMicros));
    }),
  );
});

test('chance follows from seed and label, and from nothing else', () => {
  const drawn = (seed: string, label: string): number[] => {
    const random = new SeededRandom(seed, label);
    return Array.from({ length: 50 }, () => random.next());
  };
  expect(drawn('a', 'x')).toEqual(drawn('a', 'x'));
  expect(drawn('a', 'x')).not.toEqual(drawn('a', 'y'));
  expect(drawn('b', 'x')).not.toEqual(drawn('a', 'x'));
  expect(drawn('a', 'x').every((value) => value >= 0 && value < 1)).toBe(true);
  const random = new SeededRandom('a', 'spread');
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 10_000; draw++) counts.set(random.below(10), (counts.get(random.below(10)) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(random.bytes(4_096)).size).toBe(256);
});
