import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROUNDS = 100;
const PROGRAM = fileURLToPath(new URL('./teardown/program.mjs', import.meta.url));

interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs one scenario of teardown/program.mjs to its end. A crash is a signal, a hang a time-out. */
async function run(scenario: string, rounds: number, env: NodeJS.ProcessEnv = {}): Promise<Ending> {
  const options = { env: { ...process.env, ...env }, timeout: 110_000 };
  const child = spawn(process.execPath, ['--expose-gc', PROGRAM, scenario, String(rounds)], { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, output };
}

/** Runs a scenario in `count` processes, a few at once. */
async function runMany(scenario: string, count: number): Promise<Ending[]> {
  const endings: Ending[] = [];
  while (endings.length < count) endings.push(...(await Promise.all(Array.from({ length: 5 }, () => run(scenario, 1)))));
  return endings;
}

async function expectClean(scenario: string, rounds = ROUNDS): Promise<void> {
  expect(await run(scenario, rounds)).toEqual({ code: 0, signal: null, output: '' });
}

describe('an engine whose environment ends in mid-traffic', () => {
  it('goes with a terminated worker, and its ports are free at once', () => expectClean('terminate'));
  it('takes nothing from the engines of other environments', () => expectClean('terminate-one-of-two', 25));
  it('goes with a worker that exits inside the listener', () => expectClean('worker-exit'));
  it('goes with a worker whose listener throws', () => expectClean('worker-throw'));

  it('lets the process exit inside the listener', async () => {
    for (const ending of await runMany('exit', ROUNDS)) expect(ending).toEqual({ code: 7, signal: null, output: '' });
  });

  it('lets an exception of the listener end the process as any other', async () => {
    for (const { code, signal, output } of await runMany('throw', ROUNDS / 4)) {
      expect([code, signal]).toEqual([1, null]);
      expect(output).toContain('thrown in the listener');
    }
  });

  it('lets the process end when nothing keeps it alive', async () => {
    for (const ending of await runMany('leave-open', ROUNDS / 4)) expect(ending).toEqual({ code: 0, signal: null, output: '' });
  });
});

describe('an engine that polls without sleeping', () => {
  const expectCleanSpinning = async (scenario: string, rounds: number): Promise<void> => {
    expect(await run(scenario, rounds, { OSIER_TEST_SPIN_MICROS: '1000000' })).toEqual({ code: 0, signal: null, output: '' });
  };
  it('lets the process end when nothing else keeps it alive', () => expectCleanSpinning('leave-open', 1));
  it('goes with a terminated worker', () => expectCleanSpinning('terminate', 10));
  it('closes inside its listener', () => expectCleanSpinning('close-in-listener', 10));
});

describe('an engine in mid-traffic', () => {
  it('survives exceptions of its listener that somebody catches', () => expectClean('throw-caught'));
  it('closes inside its listener, twice, and answers later calls', () => expectClean('close-in-listener'));
  it('closes outside its listener and frees its ports in the same tick', () => expectClean('close-outside'));
  it('closes while another environment is being terminated', () => expectClean('close-while-closing', 50));
  it('is not closed by the garbage collector', () => expectClean('garbage-with-traffic'));
  it('ends when its arrays of events are taken away, without writing to them', () => expectClean('detached-arrays', 20));
});

it('closed engines leave no memory behind, rings that were looked into included', () => expectClean('memory'));
it('an engine that never had a socket is collected', () => expectClean('garbage-without-socket'));
