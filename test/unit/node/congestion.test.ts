import { expect, test } from 'vitest';
import { generateIdentity, generateNetworkSecret } from '../../../src/index.js';
import { engineConfigOf } from '../../../src/node/credentials.js';
import { parseNodeOptions } from '../../../src/node/options.js';

const required = { identity: await generateIdentity(), network: { secret: generateNetworkSecret() } };

test.each([
  [undefined, 0],
  ['cubic', 0],
  ['bbr', 1],
] as const)('congestion: %o reaches the engine as %d', (congestion, number) => {
  expect(engineConfigOf(parseNodeOptions({ ...required, congestion })).congestion).toBe(number);
});
