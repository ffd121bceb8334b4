import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { describeInEnvironments } from './support/environments.js';
import { Party } from './support/party.js';

const MIB = 2 ** 20;
const SLOW_STREAMS = 8;
/** In all slow streams, much more than either end may hold; and so are their windows, once they have grown. */
const SLOW_BYTES = 16 * MIB;
const LIMITS = { memoryBytes: 16 * MIB, streamWindowBytes: 4 * MIB };
/** Blocks of 256 KiB after which a stream's window has grown as far as it may. */
const QUICK_BLOCKS = 32;
const FAST_BYTES = 64 * MIB;
const ROUNDS = 5;
/** What V8 and the programs' own blocks come to on top of what the node holds. */
const PROCESS_BYTES = 64 * MIB;
/** A share of a busy machine varies by more than what slow streams could take. */
const SLOWER_MAX = 3;

interface Extremes {
  readonly memoryBytesMax: number;
  readonly rssGrowthBytes: number;
}

describeInEnvironments('a slow reader', ({ places: [one, other] }) => {
  /** Each slow stream's reader takes `quickBlocks` as fast as they come, and then one in each round. */
  async function expectBoundAndHarmless(quickBlocks: number): Promise<void> {
    const secret = Buffer.from(generateNetworkSecret()).toString('hex');
    const reader = new Party(one, 'slow-reader.mjs');
    const address = await reader.ask<string>('listen', { host: one.host, secret, limits: LIMITS });
    const writer = new Party(other, 'slow-reader.mjs');
    await writer.ask('connect', { host: other.host, secret, address, limits: LIMITS });
    const move = () => writer.ask<number>('move', { byteCount: FAST_BYTES });

    await move();
    const aloneMs = await move();
    await reader.ask('allow', quickBlocks);
    await writer.ask('push', { streams: SLOW_STREAMS, byteCount: SLOW_BYTES });
    const besideMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await reader.ask('allow', quickBlocks + round);
      besideMs.push(await move());
    }
    for (const party of [reader, writer]) {
      const { memoryBytesMax, rssGrowthBytes } = await party.ask<Extremes>('extremes');
      expect(memoryBytesMax).toBeLessThanOrEqual(LIMITS.memoryBytes);
      expect(rssGrowthBytes).toBeLessThan(LIMITS.memoryBytes + PROCESS_BYTES);
    }
    expect(median(besideMs)).toBeLessThan(SLOWER_MAX * aloneMs);

    await reader.ask('allow', Number.MAX_SAFE_INTEGER);
    await writer.ask('pushed');
  }

  test('bounds what both ends hold, and slows no other stream of its session', () => expectBoundAndHarmless(0));
  test('is as harmless when it was quick before, and its window has grown', () => expectBoundAndHarmless(QUICK_BLOCKS));
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
