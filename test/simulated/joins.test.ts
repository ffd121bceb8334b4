/** Joins by address that cross, that are refused, and that find another node than before. */
import { describe, expect, test } from 'vitest';
import { MessageKind } from '../../src/handshake/envelope.js';
import { generateIdentity, type MeshNode } from '../../src/index.js';
import type { SimHost, SimNetwork } from '../../src/testing/index.js';
import { observeDatagrams } from '../../src/testing/sim-network.js';
import { serveEcho, simulate } from './support/programs.js';

const HANDSHAKE = 1;
const placeOf = (node: MeshNode): string => node.address.replace(`${node.id}@`, '');

test('two joins by different addresses of one node come to the same peer at once', async () => {
  const network = simulate({ link: { delayMs: 20 } });
  await network.run(async () => {
    const server = await network.host('server').start();
    const client = await network.host('client').start();
    const startMs = network.clock.nowMs();
    const peers = await Promise.all([client.connect(placeOf(server)), client.connect('osier://server:7400'), client.connect('osier://server:7400')]);
    expect(new Set(peers).size).toBe(1);
    // Three messages, and the first under the new keys.
    expect(network.clock.nowMs() - startMs).toBeLessThan(100);
    await network.clock.sleep(30_000);
    expect(client.stats().peersConnected).toBe(1);
    expect(server.stats().peersConnected).toBe(1);
    expect(peers[0].state.status).toBe('connected');
  });
});

test('a join whose last message is lost sends it five times, then begins anew, and succeeds', async () => {
  const network = simulate({ link: { delayMs: 20 } });
  await network.run(async () => {
    const [home, away] = [network.host('server'), network.host('client')];
    const [server, client] = [await home.start(), await away.start()];
    /** The handshake messages of the client. */
    const sent: number[] = [];
    observeDatagrams(network, ({ what, from, bytes: [type, kind = 0] }) => {
      if (what !== 'sent' || type !== HANDSHAKE) return;
      if (from === home.name && sent.length === 1) network.setLink(away, home, { lossRate: 1 }, 'one-way');
      if (from !== away.name) return;
      sent.push(kind);
      if (sent.length === 7) network.setLink(away, home, { lossRate: 0 }, 'one-way');
    });
    expect((await client.connect(placeOf(server))).id).toBe(server.id);
    const { xx1, xx3 } = MessageKind;
    expect(sent.slice(0, 7)).toEqual([xx1, xx3, xx3, xx3, xx3, xx3, xx1]);
    expect(sent.slice(7)).toContain(xx3);
  });
});

describe('another node at an address that was joined', () => {
  /** Joins the node at `home`, closes that, and starts another there, which goes down slowly. */
  async function replacedByOneThatCloses(network: SimNetwork, home: SimHost, client: MeshNode): Promise<{ first: MeshNode; second: MeshNode }> {
    const first = await home.start();
    const peer = await client.connect(placeOf(first));
    await first.close();
    await peer.close();
    const second = await home.start({ identity: await generateIdentity() });
    serveEcho(second);
    // Its stream is open for as long as the close takes.
    const holder = await network.host('holder').start();
    const stream = await (await holder.connect(second.address)).openStream('echo');
    await stream.write(Uint8Array.of(1));
    await stream.read(new Uint8Array(1));
    void second.close({ timeoutMs: 60_000 });
    return { first, second };
  }

  test('that refuses is a mismatch like one that accepts', async () => {
    const network = simulate();
    await network.run(async () => {
      const home = network.host('server');
      const client = await network.host('client').start();
      const { first, second } = await replacedByOneThatCloses(network, home, client);
      await expect(client.connect(placeOf(first))).rejects.toMatchObject({
        code: 'ERR_OSIER_PIN_MISMATCH',
        details: { pinned: first.id, found: second.id },
      });
    });
  });

  test('that refuses a newcomer is not pinned', async () => {
    const network = simulate();
    await network.run(async () => {
      const home = network.host('server');
      const client = await network.host('client').start();
      const newcomer = await network.host('newcomer').start();
      const { first, second } = await replacedByOneThatCloses(network, home, client);
      await expect(newcomer.connect(placeOf(first))).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'shutdown' } });
      await second.close();
      const again = await home.start();
      expect((await newcomer.connect(placeOf(first))).id).toBe(again.id);
    });
  });

  test('that has no cipher in common is a mismatch, too', async () => {
    const network = simulate();
    await network.run(async () => {
      const home = network.host('server');
      const client = await network.host('client').start({ cipher: 'chacha20-poly1305' });
      const first = await home.start();
      await (await client.connect(placeOf(first))).close();
      await first.close();
      const second = await home.start({ identity: await generateIdentity(), cipher: 'aes-256-gcm' });
      await expect(client.connect(placeOf(first))).rejects.toMatchObject({ code: 'ERR_OSIER_PIN_MISMATCH', details: { found: second.id } });
    });
  });
});
