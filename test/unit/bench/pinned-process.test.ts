import { afterEach, expect, test } from 'vitest';
import { pinnableCores } from '../../../bench/lib/machine.mjs';
import { linked, PinnedProcess } from '../../../bench/lib/pinned-process.mjs';

const running: PinnedProcess[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.stop()));
});

function processOf(script: string): PinnedProcess {
  const started = new PinnedProcess(pinnableCores().cores[0], process.execPath, ['-e', script]);
  running.push(started);
  return started;
}

const waits = 'process.stdin.resume();';

test('reports come in order, also those that were there before anybody asked', async () => {
  const reporter = processOf('console.log(`{"first":1}\\n{"second":2}`)');
  await reporter.exited;
  expect([await reporter.next(), await reporter.next()]).toEqual([{ first: 1 }, { second: 2 }]);
});

test('one that ends without a report fails whoever waits for it', async () => {
  await expect(processOf('process.exit(0)').next()).rejects.toThrow('ended before it reported');
});

test('what one end reports as an error, or a crash of it, fails whoever waits for the other', async () => {
  const [patient, failing] = [processOf(waits), processOf('console.log(`{"error":"the bytes are not those that were sent"}`)')];
  linked([patient, failing]);
  await expect(patient.next()).rejects.toThrow('the bytes are not those that were sent');

  const [other, crashing] = [processOf(waits), processOf('process.exit(3)')];
  linked([other, crashing]);
  await expect(other.next()).rejects.toThrow('ended before it reported');
});

test('an end that has done its work leaves the other to do its own', async () => {
  const [slow, done] = [processOf('process.stdin.once("data", () => console.log(`{"count":1}`))'), processOf('')];
  linked([slow, done]);
  await done.exited;
  slow.send('go');
  expect(await slow.next()).toEqual({ count: 1 });
});
