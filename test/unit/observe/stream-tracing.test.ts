import { expect, test, vi } from 'vitest';
import type { StreamInfo, TracingHook } from '../../../src/api/observing.js';
import type { NodeId } from '../../../src/identity/index.js';
import { StreamTracing } from '../../../src/observe/stream-tracing.js';

const info: StreamInfo = { protocol: 'echo', kind: 'bytes', peer: 'a'.repeat(52) as NodeId, side: 'opener' };

/** A tracing with `hook`'s parts in place of harmless ones, and what it reported. */
function tracingWith(hook: Partial<TracingHook>): { tracing: StreamTracing; faults: unknown[] } {
  const faults: unknown[] = [];
  const harmless: TracingHook = { opening: () => () => {}, handling: (_info, _metadata, run) => run() };
  return { tracing: new StreamTracing({ ...harmless, ...hook }, (cause) => faults.push(cause)), faults };
}

test("what the hook adds goes along with the application's own metadata, which stays as it was", () => {
  const own = { a: '1' };
  const { tracing } = tracingWith({
    opening: (_info, metadata) => {
      metadata.trace = 'x';
      return () => {};
    },
  });
  expect(tracing.opening(info, own).metadata).toEqual({ a: '1', trace: 'x' });
  expect(own).toEqual({ a: '1' });
});

test.each<[string, Partial<TracingHook>]>([
  ['throws', { opening: () => expect.fail('on purpose') }],
  ['returns nothing to call', { opening: () => undefined as unknown as () => void }],
  ['adds what is not text', { opening: (_info, metadata) => Object.assign(metadata, { trace: 1 }) && (() => {}) }],
])('a hook whose opening %s is reported once and not called again; the stream opens with its own metadata', (_name, hook) => {
  const handling = vi.fn();
  const { tracing, faults } = tracingWith({ ...hook, handling });
  expect(tracing.opening(info, { a: '1' }).metadata).toEqual({ a: '1' });
  tracing.opening(info, {}).end(null);
  expect(faults).toHaveLength(1);
  expect(tracing.isOn).toBe(false);
});

test('a hook whose end throws is reported', () => {
  const { tracing, faults } = tracingWith({ opening: () => () => expect.fail('on purpose') });
  tracing.opening(info, {}).end(null);
  expect(faults).toHaveLength(1);
});

test('a handler runs once inside the hook, and its outcome is the outcome', async () => {
  const run = vi.fn(async () => {});
  const inside: string[] = [];
  const { tracing, faults } = tracingWith({
    handling: async (_info, _metadata, run) => {
      inside.push('before');
      await run();
      inside.push('after');
    },
  });
  await tracing.handling(info, {}, run);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(inside).toEqual(['before', 'after']));
  const failure = new Error('the handler failed');
  await expect(tracing.handling(info, {}, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(faults).toEqual([]);
  expect(tracing.isOn).toBe(true);
});

test.each<[string, TracingHook['handling']]>([
  ['throws before it runs the handler', () => expect.fail('on purpose')],
  ['rejects before it runs the handler', async () => expect.fail('on purpose')],
  ['never runs the handler', async () => {}],
  ['throws after it ran the handler', (_info, _metadata, run) => expect.fail(`on purpose, with ${run()}`)],
  ['rejects after the handler', (_info, _metadata, run) => run().then(() => expect.fail('on purpose'))],
])('the handler runs once although the hook %s, which is reported', async (_name, handling) => {
  const run = vi.fn(async () => {});
  const { tracing, faults } = tracingWith({ handling });
  await tracing.handling(info, {}, run);
  await vi.waitFor(() => expect(faults).toHaveLength(1));
  await tracing.handling(info, {}, run);
  expect(run).toHaveBeenCalledTimes(2);
  expect(faults).toHaveLength(1);
});

test('a hook that runs the handler twice runs it once', async () => {
  const run = vi.fn(async () => {});
  const { tracing } = tracingWith({ handling: (_info, _metadata, run) => Promise.all([run(), run()]).then(() => {}) });
  await tracing.handling(info, {}, run);
  expect(run).toHaveBeenCalledTimes(1);
});

test('a hook that never settles delays no handler', async () => {
  const { tracing } = tracingWith({ handling: (_info, _metadata, run) => run().then(() => new Promise(() => {})) });
  await tracing.handling(info, {}, async () => {});
});
