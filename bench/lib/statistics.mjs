// Small statistics of small samples.

/** @typedef {{ min: number, median: number, max: number }} Spread */

/** @param {readonly number[]} values @returns {Spread} */
export function spreadOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { min: quantile(sorted, 0), median: quantile(sorted, 0.5), max: quantile(sorted, 1) };
}

/** The nearest-rank quantile of values that are sorted already.
 * @param {ArrayLike<number>} sorted @param {number} share 0 to 1 */
export function quantile(sorted, share) {
  if (sorted.length === 0) throw new RangeError('no values');
  const rank = Math.max(0, Math.ceil(share * sorted.length) - 1);
  return sorted[rank] ?? Number.NaN;
}

/** What is told of round trips; sorts them.
 * @param {Float64Array} micros */
export function quantiles(micros) {
  const sorted = micros.sort();
  return { p50Micros: quantile(sorted, 0.5), p99Micros: quantile(sorted, 0.99), p999Micros: quantile(sorted, 0.999) };
}
