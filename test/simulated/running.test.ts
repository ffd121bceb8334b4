import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { generateNetworkSecret, OsierError } from '../../src/index.js';
import { SimNetwork } from '../../src/testing/index.js';
import { simulate } from './support/programs.js';

async function failureOf(attempt: Promise<unknown>): Promise<Error> {
  const outcome = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof Error)) throw new Error('it did not fail with an error', { cause: outcome });
  return outcome;
}

describe('a program', () => {
  test('returns what it returns, and virtual hours take no time', async () => {
    const network = simulate();
    const startMs = network.clock.nowMs();
    expect(await network.run(() => network.clock.sleep(86_400_000).then(() => 'slept'))).toBe('slept');
    expect(network.clock.nowMs() - startMs).toBe(86_400_000);
  });

  test('that waits for what cannot happen is told so, with the seed and the time', async () => {
    const network = simulate({ seed: 'stuck' });
    const failure = await failureOf(
      network.run(async () => {
        await network.clock.sleep(5);
        await new Promise(() => {});
      }),
    );
    expect(OsierError.is(failure, 'ERR_OSIER_SIM_STALLED') && failure.details).toEqual({ seed: 'stuck', atMs: 1_005 });
    expect(failure.message).toContain('OSIER_SEED=stuck');
    await expect(network.run(async () => 'the network goes on')).resolves.toBe('the network goes on');
  });

  test('that throws is rejected with its own error, which names the seed in message and stack', async () => {
    const network = simulate({ seed: 'mine' });
    const error = new RangeError('too much');
    expect(await failureOf(network.run(() => Promise.reject(error)))).toBe(error);
    expect(error.message).toBe('too much [repeat with OSIER_SEED=mine]');
    expect(error.stack).toContain(error.message);
    expect(await failureOf(network.run(() => Promise.reject(error)))).toBe(error);
    expect(error.message.match(/OSIER_SEED/g)).toHaveLength(1);
    for (const thrown of ['a text', Object.freeze(new Error('frozen'))]) {
      const failure = await failureOf(network.run(() => Promise.reject(thrown)));
      expect(failure.message).toContain('OSIER_SEED=mine');
      expect(failure.cause).toBe(thrown);
    }
  });

  test('that does not even begin is a rejection as well', async () => {
    const network = simulate();
    const throwing = (() => {
      throw new Error('at once');
    }) as () => Promise<void>;
    expect((await failureOf(network.run(throwing))).message).toContain('at once');
    expect((await failureOf(network.run('x' as never))).message).toContain('OSIER_SEED');
  });

  test('runs alone', async () => {
    const network = simulate();
    const first = network.run(() => network.clock.sleep(1));
    expect(await failureOf(network.run(async () => {}))).toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'program' } });
    await first;
  });
});

test('networks run beside one another, each in its own time', async () => {
  const networks = [simulate(), simulate(), simulate()];
  const endedMs = await Promise.all(
    networks.map((network, index) =>
      network.run(async () => {
        for (let step = 0; step < 20; step++) await network.clock.sleep(index + 1);
        return network.clock.nowMs();
      }),
    ),
  );
  expect(endedMs).toEqual([1_020, 1_040, 1_060]);
});

describe('virtual time stands still', () => {
  test('while promises, ticks and immediates of the program are to be run', async () => {
    const network = simulate();
    await network.run(async () => {
      let isOver = false;
      const timer = network.clock.sleep(1).then(() => expect(isOver).toBe(true));
      for (let turn = 0; turn < 50; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        await new Promise<void>((resolve) => process.nextTick(resolve));
        for (let step = 0; step < 100; step++) await null;
      }
      isOver = true;
      await timer;
    });
  });

  test('while a file is read', async () => {
    const network = simulate();
    await network.run(async () => {
      const startMs = network.clock.nowMs();
      const late = network.clock.sleep(1);
      await Promise.all(Array.from({ length: 20 }, () => readFile(new URL(import.meta.url))));
      expect(network.clock.nowMs()).toBe(startMs);
      await late;
    });
  });

  test('while a passphrase is stretched in another thread', async () => {
    const network = simulate();
    await network.run(async () => {
      const startMs = network.clock.nowMs();
      const late = network.clock.sleep(1);
      const node = await network.host('one').start({ network: { passphrase: 'correct horse battery staple' } });
      expect(node.info().engine).toBe('simulated');
      expect(network.clock.nowMs()).toBe(startMs);
      await late;
    });
  });
});

describe('the seed', () => {
  test('comes from the options, from OSIER_SEED, or from chance', () => {
    vi.stubEnv('OSIER_SEED', 'from outside');
    expect(new SimNetwork({ seed: 'given' }).seed).toBe('given');
    expect(new SimNetwork().seed).toBe('from outside');
    vi.stubEnv('OSIER_SEED', undefined);
    expect(new SimNetwork().seed).not.toBe(new SimNetwork().seed);
    vi.unstubAllEnvs();
  });

  test('gives hosts their identities and the network its secret, unless they are told otherwise', async () => {
    const idOf = async (seed: string, name: string): Promise<string> => {
      const network = simulate({ seed });
      return network.run(async () => (await network.host(name).start()).id);
    };
    expect(await idOf('a', 'one')).toBe(await idOf('a', 'one'));
    expect(await idOf('a', 'two')).not.toBe(await idOf('a', 'one'));
    expect(await idOf('b', 'one')).not.toBe(await idOf('a', 'one'));
    const network = simulate();
    await network.run(async () => {
      const server = await network.host('server').start();
      const stranger = await network.host('stranger').start({ network: { secret: generateNetworkSecret() } });
      await expect(stranger.connect(server.address, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
    });
  });
});

describe('bad options fail at the call, with their names', () => {
  const network = new SimNetwork();
  const [one, two] = [network.host('one'), network.host('two')];
  const stranger = new SimNetwork().host('one');

  test.each([
    ['seed', () => new SimNetwork({ seed: 7 as never })],
    ['seed', () => new SimNetwork({ seed: '' })],
    ['link', () => new SimNetwork({ link: 3 as never })],
    ['link.lossRate', () => new SimNetwork({ link: { lossRate: 1.1 } })],
    ['link.jitterMs', () => new SimNetwork({ link: { jitterMs: Number.NaN } })],
    ['link.lossrate', () => new SimNetwork({ link: { lossrate: 1 } as never })],
    ['faults.mtuBytes', () => network.setLink(one, two, { mtuBytes: 0 })],
    ['faults.delayMs', () => network.setLink(one, two, { delayMs: -1 })],
    ['direction', () => network.setLink(one, two, {}, 'back' as never)],
    ['to', () => network.setLink(one, stranger, {})],
    ['groups', () => network.partition([one], [one, two])],
    ['groups', () => network.partition([stranger])],
    ['name', () => network.host('one')],
    ['name', () => network.host('')],
    ['nat', () => network.host('three', { nat: 'full' as never })],
    ['durationMs', () => one.freeze(Number.POSITIVE_INFINITY)],
    ['durationMs', () => one.freeze(undefined as never)],
  ])('%s', (option, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } }));
  });

  test('a node takes nothing that needs the real machine', async () => {
    for (const option of ['listen', 'shards', 'handlers', 'shardData']) {
      await expect(one.start({ [option]: 'udp://127.0.0.1:0' })).rejects.toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });
    }
  });
});
