import { expect, test } from 'vitest';
import { inLanes } from '../../../bench/lib/lanes.mjs';

test('all of the work is done, in order, and no more of it at once than there are lanes', async () => {
  let [underWay, most] = [0, 0];
  const results = await inLanes(3, 10, async (index) => {
    most = Math.max(most, ++underWay);
    await undefined;
    underWay--;
    return index * 2;
  });
  expect(results).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  expect(most).toBe(3);
});

test('one failure fails all', async () => {
  await expect(inLanes(2, 5, async (index) => (index === 3 ? Promise.reject(new Error('three')) : index))).rejects.toThrow('three');
});
