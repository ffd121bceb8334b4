import { spawnSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { generateNetworkSecret } from '../../src/index.js';
import { LOOPBACK } from './support/environments.js';
import { Party } from './support/party.js';

const MIB = 2 ** 20;
/** Past what counts as a busy process (5 s), and past the silence after which a running end gives its peer up. */
const STOPPED_MS = 6_000;
const PEER_LOST_AFTER_MS = 4_000;
/** A round trip of the loopback, on a machine with other things to do; less than any that the pause was counted in. */
const RTT_MICROS_MAX = 1_000_000;

/** A transfer between two processes of which one, or both, give up their peer sooner than the pause ends. */
async function startMoving(impatient: 'sender' | 'receiver') {
  const secret = Buffer.from(generateNetworkSecret()).toString('hex');
  const request = (end: typeof impatient) => ({ host: LOOPBACK.host, secret, ...(end === impatient && { peerLostAfterMs: PEER_LOST_AFTER_MS }) });
  const receiver = new Party(LOOPBACK, 'moving.mjs');
  const address = await receiver.ask<string>('listen', request('receiver'));
  const sender = new Party(LOOPBACK, 'moving.mjs');
  await sender.ask('begin', { ...request('sender'), address });
  await receiver.ask('passes', 16 * MIB);
  return {
    sender,
    receiver,
    async finish(): Promise<void> {
      await receiver.ask('passes', 16 * MIB);
      expect(await sender.ask('rttMicros')).toBeLessThan(RTT_MICROS_MAX);
      const byteCount = await sender.ask('stop');
      expect(await receiver.ask('checkedBytes')).toBe(byteCount);
    },
  };
}

// The pauses themselves are what is tested.

test.each(['sender', 'receiver'] as const)(`a %s that was stopped for ${STOPPED_MS} ms under a transfer goes on with it`, async (end) => {
  const { [end]: stopped, finish } = await startMoving(end);
  stopped.setStopped(true);
  await setTimeout(STOPPED_MS);
  stopped.setStopped(false);
  await finish();
});

test(`a sender that was stopped for ${STOPPED_MS} ms while it waited for its peer waits anew`, async () => {
  const { sender, receiver, finish } = await startMoving('sender');
  receiver.setStopped(true);
  await sender.ask('unanswered', 2);
  sender.setStopped(true);
  await setTimeout(STOPPED_MS);
  sender.setStopped(false);
  await sender.ask('unanswered', 1);
  receiver.setStopped(false);
  await finish();
});

/** A machine that slept so long since it started, in a time namespace. */
const SLEPT_SECONDS = 1_000_000;

test('the time of the engine goes on while the machine sleeps', (context) => {
  const program = fileURLToPath(new URL('./sockets/boot-time.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync('unshare', ['--time', '--boottime', `${SLEPT_SECONDS}`, process.execPath, program], { encoding: 'utf8' });
  if (stdout === '' && !process.env.CI) {
    console.warn(`SKIPPED: time namespaces can't be made here: ${stderr}`);
    return context.skip();
  }
  const { engineSeconds, bootSeconds, awakeSeconds } = JSON.parse(stdout) as Record<'engineSeconds' | 'bootSeconds' | 'awakeSeconds', number>;
  expect(bootSeconds - awakeSeconds).toBeGreaterThan(SLEPT_SECONDS / 2);
  expect(Math.abs(engineSeconds - bootSeconds)).toBeLessThan(60);
});
