/** How many shards there will be. */
import { expect, test } from 'vitest';
import { generateIdentity } from '../../../src/identity/index.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { planShards } from '../../../src/shard/shard-plan.js';
import { ManualRuntime } from '../support/manual-runtime.js';

async function planOf(memoryBytes: number): Promise<string | null> {
  const network = { secret: new Uint8Array(32).fill(7) };
  const options = parseNodeOptions({ identity: await generateIdentity(), network, shards: 32, limits: { memoryBytes } });
  const runtime = new ManualRuntime();
  runtime.createEngine = () => {
    throw new Error('no sockets');
  };
  return planShards(options, runtime).then(
    ({ count, reason }) => `${count}: ${reason}`,
    () => null,
  );
}

test('one shard is left where the memory of each would not do for a connection', async () => {
  expect(await planOf(2 ** 20)).toBe('1: One shard instead of 32: with limits.memoryBytes 1048576, not each of them could have a connection.');
  // An eighth is for what crosses between the threads.
  const enough = (32 * 49_152 * 8) / 7;
  expect(await planOf(Math.floor(enough) - 1)).toContain('not each of them could have a connection');
  // As far as the sockets.
  expect(await planOf(Math.ceil(enough) + 8)).toBeNull();
});
