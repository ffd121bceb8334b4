/** Least, median and greatest of some round trips; `null` for none. */
export function spreadOf(roundTripsMs: readonly number[]): { readonly minMs: number; readonly medianMs: number; readonly maxMs: number } | null {
  const sorted = [...roundTripsMs].sort((a, b) => a - b);
  const [minMs, medianMs, maxMs] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  return minMs === undefined || medianMs === undefined || maxMs === undefined ? null : { minMs, medianMs, maxMs };
}
