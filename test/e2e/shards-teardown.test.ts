import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./teardown/shards.mjs', import.meta.url));

/** Runs one scenario of teardown/shards.mjs to its end and demands its exit code, and no word. A crash is a signal, a hang a time-out. */
async function expectEnding(scenario: string, rounds: number, expected: number): Promise<void> {
  const child = spawn(process.execPath, [PROGRAM, scenario, String(rounds)], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 110_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect({ code, signal, output }).toEqual({ code: expected, signal: null, output: '' });
}

describe('a shard that ends while others leave letters for it', () => {
  it('goes with its worker in mid-traffic and starts anew in its place, and the other goes on', () => expectEnding('terminate', 50, 0));
  it('goes together with the other, and their port is free at once', () => expectEnding('terminate-both', 50, 0));
  it('leaves and comes back while messages are left for it without a pause', () => expectEnding('close-against-push', 1_000, 0));
  it('goes with its worker while messages are left for it without a pause', () => expectEnding('terminate-against-push', 50, 0));

  it('keeps no process alive by its place', () => expectEnding('leave-open', 1, 0));

  it('goes with the process', async () => {
    for (let round = 0; round < 20; round++) await expectEnding('exit', 1, 7);
  });
});
