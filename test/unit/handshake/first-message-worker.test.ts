import { expect, test, vi } from 'vitest';
import type { FirstMessage } from '../../../src/handshake/first-message.js';
import { openSolved } from '../../../src/handshake/first-message.js';
import { HandshakeFault } from '../../../src/handshake/index.js';
import { xxInitiator } from '../../../src/handshake/noise.js';
import { exchangeKeysOf, generateIdentity } from '../../../src/identity/index.js';
import { draw } from './parties.js';

const keys = exchangeKeysOf(await generateIdentity());
vi.doMock('piscina', () => ({ move: (value: unknown) => value, workerData: keys }));
const { run } = await import('../../../src/handshake/first-message-worker.js');

test.each(['authentic', 'forged'])('a thread overwrites what it read a message with: %s', (kind) => {
  const [prologue, psk] = [draw(48), draw(32)];
  const caller = xxInitiator({ prologue, psk, localStatic: keys, ephemeralSecret: draw(32) });
  const message = caller.writeMessage(Uint8Array.of(5));
  if (kind === 'forged') message[40] = (message[40] ?? 0) ^ 1;
  const kept = Uint8Array.from(psk);
  const first: FirstMessage = { pattern: 'XXpsk0', prologue, psk, ephemeralSecret: draw(32), message };
  const opened = openSolved({ pattern: 'XXpsk0', psk: kept }, keys, run(first) as Uint8Array | null);
  expect(opened instanceof HandshakeFault ? opened.reason : [...opened.payload]).toEqual(kind === 'forged' ? 'unauthentic' : [5]);
  for (const secret of [prologue, psk, first.ephemeralSecret]) expect(secret.every((byte) => byte === 0)).toBe(true);
  expect(keys.secretKey.some((byte) => byte !== 0)).toBe(true);
});
