/** Keys that ratchet every 2^24 packets, between whole nodes, both ways, while packets are lost, late and doubled. */
import { expect, test } from 'vitest';
import type { MeshNode, MessageStream } from '../../src/index.js';
import type { SimNodeOptions } from '../../src/testing/index.js';
import { observeDatagrams, type SimNetwork, underneath } from '../../src/testing/sim-network.js';
import { deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { type Carried, readAll, writeUntil } from './support/bulk.js';
import { simulate } from './support/programs.js';

const GENERATION = 2 ** 24;
const DATA = 4;
const BAD_LINK = { delayMs: 15, jitterMs: 5, lossRate: 0.03, reorderRate: 0.1, duplicateRate: 0.03, corruptRate: 0.01, bytesPerSecond: 2_000_000 };
const TRANSFER_MS = 5_000;
const MESSAGES = 400;
const MESSAGE_BYTES = 900;

/** Collects the least and the greatest packet number that each host puts on the wire. */
function packetNumbers(network: SimNetwork): ReadonlyMap<string, { least: number; greatest: number }> {
  const numbers = new Map<string, { least: number; greatest: number }>();
  observeDatagrams(network, ({ what, from, bytes }) => {
    if (what !== 'sent' || bytes[0] !== DATA) return;
    const number = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(8, true));
    const { least = number, greatest = number } = numbers.get(from) ?? {};
    numbers.set(from, { least: Math.min(least, number), greatest: Math.max(greatest, number) });
  });
  return numbers;
}

async function sendMessages(stream: MessageStream): Promise<void> {
  for (let number = 0; number < MESSAGES; number++) await stream.send(patternBytes(MESSAGE_BYTES, number));
  await stream.end();
}

/** Resolves when all have come in their order, and nothing else. */
async function takeMessages(stream: MessageStream): Promise<void> {
  let number = 0;
  for await (const message of stream) expect(sameBytes(message, patternBytes(MESSAGE_BYTES, number++))).toBe(true);
  expect(number).toBe(MESSAGES);
}

/** Two nodes whose packet numbers begin so many before the end of the first generation move bytes and messages, both ways, and check them all. */
async function exchange(network: SimNetwork, before: readonly [number, number], options: SimNodeOptions): Promise<readonly [MeshNode, MeshNode]> {
  const hosts = [network.host('server'), network.host('client')] as const;
  for (const [at, host] of hosts.entries()) underneath(network).machineOf(host).firstPacketNumber = GENERATION - (before[at] ?? 0);
  const [server, client] = [await hosts[0].start(options), await hosts[1].start(options)];
  const untilMs = network.clock.nowMs() + TRANSFER_MS;
  const there = deferred<readonly [Carried, Carried]>();
  const messagesThere = deferred<unknown>();
  server.handle('bulk', async (stream) => there.resolve(await Promise.all([writeUntil(stream, server.clock, untilMs), readAll(stream)])));
  server.handle('messages', { kind: 'messages' }, async (stream) =>
    messagesThere.resolve(await Promise.all([sendMessages(stream), takeMessages(stream)])),
  );
  const peer = await client.connect(server.address);
  const states: string[] = [];
  peer.on('state', ({ status }) => states.push(status));
  const messages = await peer.openStream('messages', { kind: 'messages' });
  const exchanged = Promise.all([sendMessages(messages), takeMessages(messages), messagesThere.promise]);
  const bulk = await peer.openStream('bulk');
  const [sent, received] = await Promise.all([writeUntil(bulk, client.clock, untilMs), readAll(bulk)]);
  const [sentBack, receivedThere] = await there.promise;
  await exchanged;
  expect(receivedThere).toEqual(sent);
  expect(received).toEqual(sentBack);
  expect(states).toEqual([]);
  expect(client.stats().handshakesCompleted).toBe(1n);
  return [server, client];
}

function expectBothCrossed(numbers: ReturnType<typeof packetNumbers>): void {
  for (const name of ['server', 'client']) {
    const { least = 0, greatest = 0 } = numbers.get(name) ?? {};
    expect([least < GENERATION, greatest > GENERATION + 100], `${name}: ${least} to ${greatest}`).toEqual([true, true]);
  }
}

const CASES = (['chacha20-poly1305', 'aes-256-gcm'] as const).flatMap((cipher) =>
  (
    [
      [1, 1],
      [2, 200],
      [60, 40],
      [300, 310],
    ] as const
  ).map((before) => ({ cipher, before })),
);

test.each(CASES)(
  'streams and messages lose nothing while both ends change keys, $before packets from the start ($cipher)',
  async ({ cipher, before }) => {
    const network = simulate({ seed: `generations ${before} ${cipher}`, link: BAD_LINK });
    const numbers = packetNumbers(network);
    await network.run(() => exchange(network, before, { cipher }));
    expectBothCrossed(numbers);
  },
);

test.each([0, 1, 2, 3])('no packet is refused for being on either side of the change of keys, however late it is: seed %s', async (seed) => {
  const network = simulate({ seed: `late ${seed}`, link: { delayMs: 15, jitterMs: 5, reorderRate: 0.3, bytesPerSecond: 4_000_000 } });
  const numbers = packetNumbers(network);
  await network.run(async () => {
    for (const node of await exchange(network, [300 + 7 * seed, 350], {})) expect(node.stats().packetsRejected).toBe(0n);
  });
  expectBothCrossed(numbers);
});
