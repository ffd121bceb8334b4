// What a benchmark is, and how its rounds are run: all contestants once a round, in turns of who goes first.

/**
 * @typedef {object} Plan How much is done; times in milliseconds.
 * @property {number} rounds
 * @property {number} warmUpMs Before anything counts, of work that is measured by its rate.
 * @property {number} measureMs How long it counts.
 * @property {number} trips Round trips.
 * @property {number} connections Handshakes of the benchmark that counts them.
 * @property {number} sessions Held at once, where many are.
 * @property {number} starts Processes that are started to see how long a start takes.
 *
 * @typedef {object} Places Where processes are pinned.
 * @property {readonly [number, number]} cores Those of a sender and a receiver; one twice where there is no other.
 * @property {readonly number[]} allCores Every one that may be used.
 *
 * @typedef {Plan & Places & { round: number }} Context
 * @typedef {{ value: number, settings: string, details: Record<string, number> }} Result `value` in the benchmark's unit.
 * @typedef {object} Contestant
 * @property {string} id Unique within the benchmark.
 * @property {string} label
 * @property {boolean} [needsBuild] It takes minutes to build.
 * @property {boolean} [isExtra] Left out of `--quick`.
 * @property {(context: Context) => Promise<Result | null>} run `null`: it cannot do this in the time there is, which is no failure.
 *
 * @typedef {object} Bar What the median of the rounds is to hold.
 * @property {string} [of] Whose figure; the subject's unless it is given.
 * @property {string} [figure] The name of a detail instead of the value.
 * @property {string} [against] Bounds the ratio to this contestant's figure of the same round; without it, the figure itself.
 * @property {'at least' | 'at most'} relation
 * @property {number} bound
 * @property {{ of: string, below: number }} [where] It holds only where this contestant's figure is below this.
 *
 * @typedef {object} Benchmark
 * @property {string} name For `--only`.
 * @property {string} title
 * @property {readonly [string, string]} about What it does, in two lines.
 * @property {string} unit
 * @property {'higher' | 'lower'} better
 * @property {string} subject The contestant whose ratio to each other is told.
 * @property {Readonly<Record<string, string>>} [details] Headings of the details that the tables show, by name.
 * @property {{ readonly family: string, readonly cell: string }} [cell] One of many like it, shown as a row of one table.
 * @property {boolean} [isExtra] Left out of `--quick`.
 * @property {() => string | null} [obstacle] Why it cannot run here; `null` when it can.
 * @property {readonly Contestant[]} contestants
 * @property {readonly Bar[]} bars
 *
 * @typedef {{ contestant: string, round: number, message: string }} RoundFailure
 * @typedef {{ rounds: Record<string, Result>[], failures: RoundFailure[] }} Measured
 */

/** @param {Benchmark} benchmark @param {Omit<Context, 'round'>} context @param {(line: string) => void} tell @returns {Promise<Measured>} */
export async function measure(benchmark, context, tell) {
  /** @type {Measured} */
  const measured = { rounds: [], failures: [] };
  for (let round = 0; round < context.rounds; round++) {
    /** @type {Record<string, Result>} */
    const results = {};
    for (const contestant of inTurns(benchmark.contestants, round)) {
      const turn = `${benchmark.name} ${round + 1}/${context.rounds}: ${contestant.label}`;
      try {
        const result = await contestant.run({ ...context, round });
        if (result === null) {
          tell(`${turn} did not finish in time`);
          continue;
        }
        if (!Number.isFinite(result.value)) throw new Error(`measured ${result.value}`);
        results[contestant.id] = result;
        tell(`${turn} ${result.value.toFixed(2)} ${benchmark.unit}`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        measured.failures.push({ contestant: contestant.id, round, message });
        tell(`${turn} failed: ${message}`);
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
