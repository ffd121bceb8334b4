import type { ChildProcess } from 'node:child_process';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Member } from '../../../../src/cli/demo/member.js';

test('a process that cannot be heard leaves no timer behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const member = new Member('secret', { listen: [], peers: [], relays: false, folder: null });
  const next = member.next('listening');
  expect(vi.getTimerCount()).toBe(1);
  (member as unknown as { child: ChildProcess }).child.emit('error', new Error('the channel is gone'));
  member.kill();
  await expect(next).rejects.toThrow('the channel is gone');
  expect(vi.getTimerCount()).toBe(0);
});
