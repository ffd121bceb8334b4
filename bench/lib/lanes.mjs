// Much to do, a bounded part of it at once.

/** Runs `work(0)` to `work(count - 1)`, `lanes` at a time; their results in order. Rejects with the first failure.
 * @template T @param {number} lanes @param {number} count @param {(index: number) => Promise<T>} work @returns {Promise<T[]>} */
export async function inLanes(lanes, count, work) {
  /** @type {T[]} */
  const results = new Array(count);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
  return results;
}
