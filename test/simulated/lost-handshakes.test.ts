/** Messages of a handshake that the network loses once. */
import { expect, test } from 'vitest';
import { MessageKind } from '../../src/handshake/envelope.js';
import { RETRY_FIRST_MS, RETRY_JITTER } from '../../src/handshake/tuning.js';
import { observeDatagrams } from '../../src/testing/sim-network.js';
import { simulate } from './support/programs.js';

const HANDSHAKE = 1;
const { ik1, ik2, xx1, xx2, xx3 } = MessageKind;

/** How long a call takes of which the first message of kind `lost` does not arrive, and the handshake messages that were sent meanwhile. */
async function callLosing(way: 'by id' | 'by address', lost: MessageKind | null): Promise<{ tookMs: number; sent: number[]; seed: string }> {
  const network = simulate({ link: { delayMs: 20 } });
  const sent: number[] = [];
  const tookMs = await network.run(async () => {
    const [home, away] = [network.host('server'), network.host('client')];
    const [server, client] = [await home.start(), await away.start()];
    observeDatagrams(network, ({ what, bytes: [type, kind = 0] }) => {
      if (what !== 'sent') return;
      const isLost = type === HANDSHAKE && kind === lost && !sent.includes(kind);
      network.setLink(home, away, { lossRate: isLost ? 1 : 0 });
      if (type === HANDSHAKE) sent.push(kind);
    });
    const startMs = network.clock.nowMs();
    await client.connect(way === 'by id' ? server.address : server.address.replace(`${server.id}@`, ''));
    return network.clock.nowMs() - startMs;
  });
  return { tookMs, sent, seed: network.seed };
}

test.each([
  [1, 'by id', ik1, [ik1, ik1, ik2]],
  [2, 'by id', ik2, [ik1, ik2, ik1, ik2]],
  [1, 'by address', xx1, [xx1, xx1, xx2, xx3]],
  [2, 'by address', xx2, [xx1, xx2, xx1, xx2, xx3]],
  [3, 'by address', xx3, [xx1, xx2, xx3, xx3]],
] as const)('message %i of a call %s that is lost once costs one pause', async (_, way, lost, messages) => {
  const whole = await callLosing(way, null);
  const { tookMs, sent, seed } = await callLosing(way, lost);
  expect(sent, seed).toEqual(messages);
  const pauseMs = tookMs - whole.tookMs;
  expect(pauseMs, seed).toBeGreaterThan(RETRY_FIRST_MS * (1 - RETRY_JITTER) - 1);
  expect(pauseMs, seed).toBeLessThan(RETRY_FIRST_MS * (1 + RETRY_JITTER) + 1);
});
