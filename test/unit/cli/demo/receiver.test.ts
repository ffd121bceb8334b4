import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Receiver } from '../../../../src/cli/demo/receiver.js';

test('a receiving process that cannot be heard leaves no timer behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const receiver = new Receiver(tmpdir(), 'secret');
  const next = receiver.next('listening');
  expect(vi.getTimerCount()).toBe(1);
  (receiver as unknown as { child: ChildProcess }).child.emit('error', new Error('the channel is gone'));
  receiver.stop();
  await expect(next).rejects.toThrow('the channel is gone');
  expect(vi.getTimerCount()).toBe(0);
});
