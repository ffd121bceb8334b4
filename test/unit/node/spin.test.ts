import { expect, test } from 'vitest';
import { generateIdentity, generateNetworkSecret, type MeshNodeOptions } from '../../../src/index.js';
import { engineConfigOf } from '../../../src/node/credentials.js';
import { parseNodeOptions } from '../../../src/node/options.js';

const required = { identity: await generateIdentity(), network: { secret: generateNetworkSecret() } };
const parse = (spin: unknown) => parseNodeOptions({ ...required, spin } as MeshNodeOptions);

test.each([
  [undefined, 0],
  [{ maxMicros: 0 }, 0],
  [{ maxMicros: 50 }, 50],
  [{ maxMicros: 1_000_000 }, 1_000_000],
])('spin: %o reaches the engine as %d', (spin, micros) => {
  expect(engineConfigOf(parse(spin)).spinMicros).toBe(micros);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0.5, 1_000_001, '50', null, {}, 5n, undefined])(
  'polling for %s microseconds is refused by name',
  (maxMicros) => {
    expect(() => parse({ maxMicros })).toThrow(expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'spin.maxMicros' } }));
  },
);

test.each([null, 50, 'on', true])('spin: %o is refused by name', (spin) => {
  expect(() => parse(spin)).toThrow(expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'spin' } }));
});
