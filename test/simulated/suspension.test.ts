/** Machines that sleep for ten seconds, one or both, in the middle of what they do. */
import { describe, expect, test } from 'vitest';
import type { MeshNode, MessageOutcome, Peer } from '../../src/index.js';
import type { SimHost, SimNetwork } from '../../src/testing/index.js';
import { deferred, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { type Carried, readAll, writeUntil } from './support/bulk.js';
import { connectTwo, echoed, simulate } from './support/programs.js';

const ASLEEP_MS = 10_000;
const LINK = { delayMs: 20, lossRate: 0.01 };
const BYTES = patternBytes(20_000);

interface Ends {
  readonly server: MeshNode;
  readonly client: MeshNode;
  readonly peer: Peer;
  readonly sleep: () => void;
}

/** Runs a program for two connected nodes, whose peers must stay connected; `sleep` stops those named. */
async function withSleepers(which: readonly (0 | 1)[], program: (network: SimNetwork, ends: Ends) => Promise<void>): Promise<void> {
  const network = simulate({ link: LINK });
  await network.run(async () => {
    const { server, client, peer, hosts } = await connectTwo(network);
    await network.clock.sleep(1_000);
    const states: string[] = [];
    for (const end of [peer, server.peers.get(client.id)]) end?.on('state', ({ status }) => states.push(status));
    const sleep = (): void => {
      for (const at of which) (hosts[at] as SimHost).freeze(ASLEEP_MS);
    };
    await program(network, { server, client, peer, sleep });
    expect(states).toEqual([]);
  });
}

describe.each([
  ['the server', [0]],
  ['the client', [1]],
  ['both ends', [0, 1]],
] as const)('when %s slept for ten seconds', (_who, which) => {
  test('streams in mid-transfer go on, and every byte comes once', () =>
    withSleepers(which, async (network, { server, client, peer, sleep }) => {
      const untilMs = network.clock.nowMs() + 30_000;
      const there = deferred<readonly [Carried, Carried]>();
      server.handle('bulk', async (stream) => {
        there.resolve(await Promise.all([writeUntil(stream, server.clock, untilMs), readAll(stream)]));
      });
      const stream = await peer.openStream('bulk');
      const carried = Promise.all([writeUntil(stream, client.clock, untilMs), readAll(stream)]);
      await network.clock.sleep(5_000);
      sleep();
      const [sent, received] = await carried;
      const [sentBack, receivedThere] = await there.promise;
      expect(receivedThere).toEqual(sent);
      expect(received).toEqual(sentBack);
    }));

  test('every message with a lifetime was delivered, and then read, or expired, and then never', () =>
    withSleepers(which, async (network, { server, client, peer, sleep }) => {
      const read = deferred<readonly number[]>();
      server.handle('numbers', { kind: 'messages' }, async (stream) => {
        const numbers: number[] = [];
        for await (const message of stream) numbers.push(new DataView(message.buffer, message.byteOffset).getUint32(0));
        read.resolve(numbers);
      });
      const stream = await peer.openStream('numbers', { kind: 'messages', ordered: false, lifetimeMs: 500 });
      const outcomes: Promise<MessageOutcome>[] = [];
      for (let number = 0; number < 400; number++) {
        const message = new Uint8Array(200);
        new DataView(message.buffer).setUint32(0, number);
        outcomes.push(stream.deliver(message));
        if (number === 100) sleep();
        // The program goes on while the machine sleeps: what it sends then waits in the stream.
        await network.clock.sleep(50);
      }
      await stream.end();
      const fates = await Promise.all(outcomes);
      const delivered = fates.flatMap(({ status }, number) => (status === 'delivered' ? [number] : []));
      const expired = fates.filter(({ status }) => status === 'expired').length;
      expect([...(await read.promise)].sort((one, other) => one - other)).toEqual(delivered);
      expect(delivered.length + expired).toBe(fates.length);
      expect(expired).toBeGreaterThan(0);
      expect(delivered).toContain(399);
      expect(client.stats().peersConnected).toBe(1);
    }));

  test('an idle association is there as before', () =>
    withSleepers(which, async (network, { server, peer, sleep }) => {
      const stream = await peer.openStream('echo');
      await stream.write(BYTES.subarray(0, 1));
      expect(await stream.read(new Uint8Array(1))).toBe(1);
      await network.clock.sleep(5_000);
      sleep();
      await network.clock.sleep(ASLEEP_MS + 1_000);
      await stream.write(BYTES.subarray(1, 2));
      expect(await stream.read(new Uint8Array(1))).toBe(1);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
      expect(server.stats().handshakesCompleted).toBe(1n);
    }));
});
