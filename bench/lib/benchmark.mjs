// What a benchmark is, and how its rounds are run: all contestants once a round, in turns of who goes first.

/**
 * @typedef {{ cores: readonly [number, number], warmUpMs: number, measureMs: number, trips: number, rounds: number, round: number }} Context
 * @typedef {{ value: number, settings: string, details: Record<string, number> }} Result `value` in the benchmark's unit.
 * @typedef {{ id: string, label: string, needsBuild?: boolean, run: (context: Context) => Promise<Result> }} Contestant
 * @typedef {{ against: string, relation: 'at least' | 'at most', ratio: number }} RatioBar The subject's figure to another's of the same round.
 * @typedef {{ value: number, relation: 'at least' | 'at most' }} ValueBar The subject's own figure.
 * @typedef {RatioBar | ValueBar} Bar What the median of the rounds is to hold.
 *
 * @typedef {object} Benchmark
 * @property {string} name For `--only`.
 * @property {string} title
 * @property {readonly [string, string]} about What it does, in two lines.
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {string} subject The contestant whose ratio to each other is told.
 * @property {readonly Contestant[]} contestants
 * @property {readonly Bar[]} bars
 *
 * @typedef {{ name: string, rounds: Record<string, Result>[], failures: { contestant: string, round: number, message: string }[] }} Measured
 */

/** @param {Benchmark} benchmark @param {Omit<Context, 'round'>} context @param {(line: string) => void} tell @returns {Promise<Measured>} */
export async function measure(benchmark, context, tell) {
  /** @type {Measured} */
  const measured = { name: benchmark.name, rounds: [], failures: [] };
  for (let round = 0; round < context.rounds; round++) {
    /** @type {Record<string, Result>} */
    const results = {};
    for (const contestant of inTurns(benchmark.contestants, round)) {
      try {
        results[contestant.id] = await contestant.run({ ...context, round });
        tell(`${benchmark.name} ${round + 1}/${context.rounds}: ${contestant.label} ${results[contestant.id]?.value.toFixed(2)} ${benchmark.unit}`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        measured.failures.push({ contestant: contestant.id, round, message });
        tell(`${benchmark.name} ${round + 1}/${context.rounds}: ${contestant.label} failed: ${message}`);
      }
    }
    measured.rounds.push(results);
  }
  return measured;
}

/** Each round begins with another one, so that nobody always follows the same neighbour's heat.
 * @template T @param {readonly T[]} all @param {number} round @returns {T[]} */
export function inTurns(all, round) {
  const start = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(start), ...all.slice(0, start)];
}

/** The subject's figures to another's, round by round, where both have one.
 * @param {Benchmark} benchmark @param {Measured} measured @param {string} against */
export function ratios({ subject }, { rounds }, against) {
  return rounds.flatMap((results) => {
    const [ours, theirs] = [results[subject]?.value, results[against]?.value];
    return ours === undefined || theirs === undefined || theirs === 0 ? [] : [ours / theirs];
  });
}
