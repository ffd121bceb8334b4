import { expect, test } from 'vitest';
import { Link } from '../../../src/testing/link.js';
import { linkFaults, type SimLink } from '../../../src/testing/options.js';
import { SeededRandom } from '../../../src/testing/seeded-random.js';

const DATAGRAM = new Uint8Array(1_000).fill(7);

function arrivals(faults: SimLink, count: number, gapMicros: number) {
  const link = new Link(linkFaults('link', faults), new SeededRandom('a link', 'test'));
  return Array.from({ length: count }, (_, index) => link.send(index * gapMicros, DATAGRAM)).flat();
}

test('a link without faults only delays', () => {
  const found = arrivals({ delayMs: 5 }, 10, 1);
  expect(found.map(({ atMicros }) => atMicros)).toEqual(Array.from({ length: 10 }, (_, index) => 5_000 + index));
  for (const { bytes } of found) expect(bytes).toEqual(DATAGRAM);
});

test('jitter alone keeps the order, and reordering breaks it', () => {
  const isOrdered = (found: readonly { atMicros: number }[]): boolean =>
    found.every(({ atMicros }, at) => atMicros >= (found[at - 1]?.atMicros ?? 0));
  const jittered = arrivals({ jitterMs: 1 }, 1_000, 10);
  expect(isOrdered(jittered)).toBe(true);
  expect(new Set(jittered.map(({ atMicros }, at) => atMicros - 10 * at)).size).toBeGreaterThan(100);
  expect(isOrdered(arrivals({ reorderRate: 0.1 }, 1_000, 10))).toBe(false);
});

test('loss, duplicates and corruption keep their rates', () => {
  const count = 20_000;
  const near = (found: number): void => {
    expect(found).toBeGreaterThan(0.09 * count);
    expect(found).toBeLessThan(0.11 * count);
  };
  near(count - arrivals({ lossRate: 0.1 }, count, 1).length);
  near(arrivals({ duplicateRate: 0.1 }, count, 1).length - count);
  const changed = arrivals({ corruptRate: 0.1 }, count, 1).filter(({ bytes }) => Buffer.compare(bytes, DATAGRAM) !== 0);
  near(changed.length);
  const bits = changed.map(({ bytes }) => bytes.filter((byte) => byte !== 7).length);
  expect(new Set(bits)).toEqual(new Set([1]));
  expect(arrivals({ lossRate: 1 }, 100, 1)).toEqual([]);
});

test('the bottleneck spaces datagrams, and its full queue drops', () => {
  const found = arrivals({ bytesPerSecond: 100_000 }, 1_000, 0);
  expect(found).toHaveLength(65);
  expect(found.every(({ atMicros }, at) => atMicros === 1_000 + (at + 1) * 10_000)).toBe(true);
});

test('what is larger than the MTU vanishes', () => {
  expect(arrivals({ mtuBytes: 999 }, 3, 1)).toEqual([]);
  expect(arrivals({ mtuBytes: 1_000 }, 3, 1)).toHaveLength(3);
});

test('a refused change changes nothing', () => {
  const link = new Link(linkFaults('link', { delayMs: 3 }), new SeededRandom('a link', 'test'));
  expect(() => link.change({ delayMs: 9, lossRate: 2 })).toThrow('faults.lossRate');
  expect(link.send(0, DATAGRAM)[0]?.atMicros).toBe(3_000);
});

test('an arrival is a copy: what happens to it, or to what was sent, changes neither', () => {
  const link = new Link(linkFaults('link', { duplicateRate: 1 }), new SeededRandom('a link', 'test'));
  const sent = DATAGRAM.slice();
  const [first, second] = link.send(0, sent);
  first?.bytes.fill(1);
  sent.fill(2);
  expect(second?.bytes).toEqual(DATAGRAM);
});
