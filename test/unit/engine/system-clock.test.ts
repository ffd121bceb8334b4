import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/engine/system-runtime.js';

const { clock } = systemRuntime;

test.each([Number.NaN, -1, '5', undefined])('a sleep of %o rejects', async (durationMs) => {
  await expect(clock.sleep(durationMs as number)).rejects.toMatchObject({ details: { option: 'durationMs' } });
});

test('a sleep takes nothing but a signal', async () => {
  await expect(clock.sleep(1e9, { signal: {} as AbortSignal })).rejects.toMatchObject({ details: { option: 'signal' } });
});

test('a sleep ends with its signal', async () => {
  const controller = new AbortController();
  const sleeping = clock.sleep(1e9, { signal: controller.signal });
  controller.abort(new Error('up'));
  await expect(sleeping).rejects.toThrow('up');
});
