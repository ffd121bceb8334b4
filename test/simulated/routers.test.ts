import { describe, expect, test } from 'vitest';
import { observeDatagrams } from '../../src/testing/sim-network.js';
import { nextEvent } from '../scenario/support/nodes.js';
import { directRemote } from '../support/direct-remote.js';
import { simulate } from './support/programs.js';

describe('a router', () => {
  test("of kind 'cone' lets its host call out and be answered, from one port for all", async () => {
    const network = simulate();
    await network.run(async () => {
      const [one, two] = [await network.host('one').start(), await network.host('two').start()];
      const inside = await network.host('inside', { nat: 'cone' }).start();
      const seen = await Promise.all(
        [one, two].map(async (outside) => {
          const known = nextEvent(outside, 'peer');
          await (await inside.connect(outside.address)).ping();
          await known;
          return directRemote(outside.peers.get(inside.id)?.path);
        }),
      );
      expect(seen[0]).toBeDefined();
      expect(seen[1]).toEqual(seen[0]);
      await one.peers.get(inside.id)?.ping();
      await expect(
        (await network.host('stranger').start()).connect(`osier://${inside.id}@${seen[0]?.host}:${seen[0]?.port}`, { timeoutMs: 2_000 }),
      ).rejects.toMatchObject({
        code: 'ERR_OSIER_TIMEOUT',
      });
      expect(inside.address).toContain('192.168.');
    });
  });

  test("of kind 'symmetric' shows another port to everybody", async () => {
    const network = simulate();
    await network.run(async () => {
      const [one, two] = [await network.host('one').start(), await network.host('two').start()];
      const inside = await network.host('inside', { nat: 'symmetric' }).start();
      const ports = await Promise.all(
        [one, two].map(async (outside) => {
          const known = nextEvent(outside, 'peer');
          await inside.connect(outside.address);
          await known;
          return directRemote(outside.peers.get(inside.id)?.path)?.port;
        }),
      );
      expect(new Set(ports).size).toBe(2);
    });
  });

  test("of kind 'udp-blocked' lets nothing through", async () => {
    const network = simulate();
    await network.run(async () => {
      const outside = await network.host('outside').start();
      const inside = await network.host('inside', { nat: 'udp-blocked' }).start();
      let arrived = 0;
      observeDatagrams(network, () => {
        arrived++;
      });
      await expect(inside.connect(outside.address, { timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
      expect(arrived).toBe(0);
    });
  });
});
