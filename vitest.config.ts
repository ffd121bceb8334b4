import { defineConfig } from 'vitest/config';

/** For a slow, busy machine; what waits for something has deadlines of its own. */
const testTimeout = 60_000;

/** Tests on real sockets share two cores and the loopback: one file at a time, with room for a slow machine. */
const realSockets = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 };

/** What must be as without shards. */
const SHARDED_SCENARIOS = [
  'adapters',
  'connecting',
  'datagrams',
  'endings',
  'joining',
  'limits',
  'messages',
  'metrics',
  'observing',
  'rekeying',
  'reloading',
  'revoking',
  'streams',
].map((name) => `test/scenario/${name}.test.ts`);

export default defineConfig({
  oxc: { target: 'es2022' },
  test: {
    reporters: ['default'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout } },
      { extends: true, test: { name: 'property', include: ['test/property/**/*.test.ts'], testTimeout } },
      { extends: true, test: { name: 'simulated', include: ['test/simulated/**/*.test.ts'], testTimeout } },
      { extends: true, test: { name: 'interop', include: ['test/interop/**/*.test.ts'], testTimeout } },
      { extends: true, test: { name: 'scenario', include: ['test/scenario/**/*.test.ts'], ...realSockets } },
      {
        extends: true,
        test: { name: 'scenario-dgram', include: ['test/scenario/**/*.test.ts'], env: { OSIER_DRIVER: 'dgram' }, ...realSockets },
      },
      // Workers run what is in dist/.
      {
        extends: true,
        test: { name: 'scenario-shards', include: SHARDED_SCENARIOS, env: { OSIER_TEST_SHARDS: '1' }, ...realSockets },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...realSockets } },
    ],
  },
});
