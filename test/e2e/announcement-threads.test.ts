import { expect, onTestFinished, test, vi } from 'vitest';
import { publicKeyOfNodeId, VerifiedSignatures } from '../../src/identity/index.js';
import { ANNOUNCEMENT_LABEL } from '../../src/mesh/announcements/announcement.js';
import { SignatureChecks } from '../../src/mesh/announcements/signature-checks.js';
import { announced } from '../unit/mesh/announcements/support.js';
import { runningThreads, ThreadedRuntime } from './support/threads.js';

const VERIFIER = new URL('../../dist/mesh/announcements/signature-worker.js', import.meta.url);

function checksOn(runtime: ThreadedRuntime): { readonly checks: SignatureChecks; readonly failures: unknown[] } {
  const failures: unknown[] = [];
  const fail = (cause: unknown): void => void failures.push(cause);
  const checks = new SignatureChecks({ runtime, verified: new VerifiedSignatures(), onThreadsFailed: fail, onFault: fail });
  onTestFinished(() => checks.close());
  return { checks, failures };
}

/** Whether each of 200 is good, in the order in which that was told; every tenth is forged. */
function verify(checks: SignatureChecks): Promise<readonly [number, boolean][]> {
  const told: [number, boolean][] = [];
  return new Promise((resolve) => {
    for (let number = 0; number < 200; number++) {
      const { announcement, bytes } = announced(number, 1);
      if (number % 10 === 0) bytes[60] = 9;
      checks.check({ label: ANNOUNCEMENT_LABEL, publicKey: publicKeyOfNodeId(announcement.id), signed: bytes }, (isGood) => {
        told.push([number, isGood]);
        if (told.length === 200) resolve(told);
      });
    }
  });
}

const expected = Array.from({ length: 200 }, (_, number) => [number, number % 10 !== 0]);

test('signatures of a burst are verified on threads, told in order, and no thread is left', async () => {
  const runtime = new ThreadedRuntime(VERIFIER);
  const { checks, failures } = checksOn(runtime);
  expect(await verify(checks)).toEqual(expected);
  expect([runtime.tasks, failures]).toEqual([4, []]);
  await checks.close();
  await vi.waitFor(() => expect(runningThreads.size).toBe(0), { timeout: 10_000 });
});

test('they are verified all the same when the threads fail', async () => {
  const { checks, failures } = checksOn(new ThreadedRuntime(new URL('./threads/broken-reader.mjs', import.meta.url)));
  expect(await verify(checks)).toEqual(expected);
  expect(failures).toHaveLength(1);
});
