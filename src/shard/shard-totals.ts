import type { NodeStats } from '../api/stats.js';
import type { CloseReport } from '../api/waiting.js';
import { COUNTER_WORDS, Counter, LEVELS, nodeStatsOf } from '../node/node-counters.js';
import { StreamCounter } from '../stream/index.js';
import type { CrossingBudget } from './crossing-budget.js';
import type { ShardLink } from './shard-link.js';

/** What all shards of a node counted, those that are gone included. */
export class ShardTotals {
  readonly #gone = new BigUint64Array(COUNTER_WORDS);
  readonly #crossing: Pick<CrossingBudget, 'usedBytes'>;

  /** `crossing`: what is on its way to them. */
  constructor(crossing: Pick<CrossingBudget, 'usedBytes'>) {
    this.#crossing = crossing;
  }

  /** A shard is gone: its counters stay as it wrote them last, and its levels go with it. */
  retire({ counters }: Pick<ShardLink, 'counters'>): void {
    add(this.#gone, counters);
    for (const word of LEVELS) this.#gone[word] = 0n;
  }

  stats(running: readonly Pick<ShardLink, 'counters'>[], peersConnected: number): NodeStats {
    return nodeStatsOf(this.words(running), peersConnected);
  }

  /** As `NodeCounters.read` of one node. */
  words(running: readonly Pick<ShardLink, 'counters'>[]): BigUint64Array {
    const sum = this.#gone.slice();
    sum[Counter.memoryBytes] = BigInt(this.#crossing.usedBytes);
    for (const { counters } of running) add(sum, counters);
    return sum;
  }
}

/** What is open in a shard, by its last word, as a close that cuts it counts. */
export function openIn({ counters, streams }: Pick<ShardLink, 'counters' | 'streams'>): CloseReport {
  const count = Math.max(streams.size, Number(Atomics.load(counters, Counter.streamsOpen)));
  if (count === 0) return { status: 'drained' };
  let unacknowledgedBytes = 0n;
  for (const port of streams.values()) unacknowledgedBytes += port.counters()[StreamCounter.sendBuffered] ?? 0n;
  return { status: 'cut', streams: count, unacknowledgedBytes };
}

function add(sum: BigUint64Array, counters: BigUint64Array): void {
  for (let word = 0; word < COUNTER_WORDS; word++) sum[word] = (sum[word] ?? 0n) + Atomics.load(counters, word);
}
