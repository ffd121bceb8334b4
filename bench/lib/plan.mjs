// How much of the work a run does.

/** Figures that are kept.
 * @type {import('./benchmark.mjs').Plan} */
const WHOLE = { rounds: 5, warmUpMs: 1_000, measureMs: 4_000, trips: 40_000, connections: 10_000, sessions: 1_000, starts: 20 };

/** Shows that all of it works, within three minutes.
 * @type {import('./benchmark.mjs').Plan} */
const QUICK = { rounds: 1, warmUpMs: 100, measureMs: 300, trips: 1_000, connections: 200, sessions: 40, starts: 2 };

/** @param {{ isQuick: boolean, rounds?: string | undefined }} asked @returns {import('./benchmark.mjs').Plan} */
export function planOf({ isQuick, rounds }) {
  const plan = isQuick ? QUICK : WHOLE;
  return rounds === undefined ? plan : { ...plan, rounds: Math.max(1, Number.parseInt(rounds, 10) || 1) };
}
