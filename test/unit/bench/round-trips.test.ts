import { expect, test } from 'vitest';
import { RoundTrips } from '../../../bench/lib/round-trips.mjs';

test('an answer that is not the question ends the measurement', () => {
  const trips = new RoundTrips(1);
  const answer = Uint8Array.from(trips.nextQuestion());
  trips.add(1, answer);
  trips.nextQuestion();
  expect(() => trips.add(1, answer)).toThrow('not the question');
});

test('only what follows the warm-up counts', () => {
  const trips = new RoundTrips(2);
  let asked = 0;
  for (; !trips.isComplete; asked++) trips.add(asked < 2000 ? 99 : 1, Uint8Array.from(trips.nextQuestion()));
  expect(asked).toBe(2002);
  expect(trips.summary()).toEqual({ p50Micros: 1000, p99Micros: 1000, p999Micros: 1000 });
});
