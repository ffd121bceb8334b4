import { expect, test } from 'vitest';
import { type OsierError, osierError } from '../../../src/errors/index.js';
import { RareWarnings } from '../../../src/peer/rare-warnings.js';
import { ManualRuntime } from '../support/manual-runtime.js';

test('a warning that others cause at will is told once a minute, with the number of those that were left out', () => {
  const runtime = new ManualRuntime();
  const told: string[] = [];
  const warnings = new RareWarnings({ runtime, warn: (error: OsierError) => told.push(error.message) });
  const limit = osierError('ERR_OSIER_LIMIT', 'Full.', { limit: 'peers' });
  for (let count = 0; count < 1_000; count++) warnings.warn(limit);
  warnings.warn(osierError('ERR_OSIER_INVALID_OPTION', 'Threw.', { option: 'accept' }));
  expect(told).toEqual(['Full.', 'Threw.']);
  runtime.nowMs = 59_999;
  warnings.warn(limit);
  expect(told).toHaveLength(2);
  runtime.nowMs = 60_000;
  warnings.warn(limit);
  expect(told[2]).toBe('Full. (1000 more like this since the last such warning.)');
  runtime.nowMs = 120_000;
  warnings.warn(limit);
  expect(told[3]).toBe('Full.');
});
