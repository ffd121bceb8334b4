/** Handshake messages that come from elsewhere: copies that an observer was faster with, and honest hosts that answer from another of their addresses. */
import { describe, expect, test } from 'vitest';
import type { MeshNode, Path, Peer } from '../../src/index.js';
import type { SimHost } from '../../src/testing/index.js';
import { observeDatagrams, type SimNetwork, underneath } from '../../src/testing/sim-network.js';
import { nextEvent, patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { directRemote } from '../support/direct-remote.js';
import { echoed, serveEcho, simulate } from './support/programs.js';

const BYTES = patternBytes(5_000);
const HANDSHAKE = 1;
const DATA = 4;

/** Copies every handshake message from `from` to `to`, as one that comes from `thief`, which is nearer. Returns how many bytes of data went to the thief. */
function copyHandshakes(network: SimNetwork, from: SimHost, to: SimHost, thief: SimHost): { copied: number; dataToThief: number } {
  const { network: wires, machineOf } = underneath(network);
  const counts = { copied: 0, dataToThief: 0 };
  observeDatagrams(network, ({ what, from: sender, to: receiver, bytes }) => {
    if (what !== 'sent') return;
    if (receiver === thief.name && bytes[0] === DATA) counts.dataToThief += bytes.length;
    if (bytes[0] !== HANDSHAKE || sender !== from.name || receiver !== to.name) return;
    counts.copied++;
    wires.send(machineOf(thief), { host: machineOf(to).publicAddress, port: 7_400 }, Uint8Array.from(bytes), 0);
  });
  return counts;
}

/** A server, a client and a thief; the thief's links are faster. `remotes` collects where the paths of both ends lead after the first. */
async function three(network: SimNetwork) {
  const [home, away, thief] = [network.host('server'), network.host('client'), network.host('thief')];
  for (const host of [home, away]) network.setLink(thief, host, { delayMs: 1 });
  const [server, client] = [await home.start(), await away.start()];
  serveEcho(server);
  const remotes: string[] = [];
  const follow = (node: MeshNode): unknown =>
    node.on('peer', (peer: Peer) => peer.on('path', ({ to }: { to: Path | null }) => remotes.push(directRemote(to)?.host ?? 'none')));
  for (const node of [server, client]) follow(node);
  return { home, away, thief, server, client, remotes };
}

const placeOf = (node: MeshNode): string => node.address.replace(`${node.id}@`, '');

describe.each(['by id', 'by address'] as const)('an observer who copies messages of a call %s and is faster', (way) => {
  // Who calls by address alone says last who it is, and that copy counts: it cannot be told from the original.
  test.each(way === 'by id' ? (['answer', 'call'] as const) : (['answer'] as const))('does not become the path: the %s', async (message) => {
    const network = simulate({ link: { delayMs: 20 } });
    await network.run(async () => {
      const { home, away, thief, server, client, remotes } = await three(network);
      const known = nextEvent(server, 'peer');
      const counts = message === 'answer' ? copyHandshakes(network, home, away, thief) : copyHandshakes(network, away, home, thief);
      const peer = await client.connect(way === 'by id' ? server.address : placeOf(server));
      await known;
      const [serversPath, clientsPath] = [server.peers.get(client.id)?.path, peer.path];
      expect(directRemote(clientsPath)?.host).toBe(underneath(network).machineOf(home).address);
      expect(directRemote(serversPath)?.host).toBe(underneath(network).machineOf(away).address);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
      expect(counts.copied).toBeGreaterThan(0);
      expect(counts.dataToThief).toBe(0);
      expect(remotes).toEqual([]);
    });
  });
});

test('an observer who copies the messages of new keys does not move a live association', async () => {
  const network = simulate({ link: { delayMs: 20 } });
  await network.run(async () => {
    const { home, away, thief, server, client, remotes } = await three(network);
    for (const host of [home, away]) underneath(network).machineOf(host).rekeyIntervals = { initiatorMs: 1_000, responderMs: 600_000 };
    const peer = await client.connect(server.address);
    await peer.ping();
    const before = [...remotes];
    const counts = copyHandshakes(network, away, home, thief);
    const { handshakesCompleted } = client.stats();
    while (client.stats().handshakesCompleted < handshakesCompleted + 3n) expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    expect(counts.copied).toBeGreaterThan(2);
    expect(counts.dataToThief).toBe(0);
    expect(remotes).toEqual(before);
  });
});

describe('a host that answers from another of its addresses', () => {
  /** Whatever `host` sends comes from `other`, as with several addresses on one machine and a system that chooses. */
  function answerFrom(network: SimNetwork, host: SimHost, other: SimHost): void {
    const { machineOf } = underneath(network);
    machineOf(host).sourceFor = () => ({ host: machineOf(other).publicAddress, port: 7_400 });
  }

  test.each(['by id', 'by address'] as const)('is connected, and reached where it was asked: %s', async (way) => {
    const network = simulate({ link: { delayMs: 20 } });
    await network.run(async () => {
      const { home, thief: otherAddress, server, client } = await three(network);
      answerFrom(network, home, otherAddress);
      const peer = await client.connect(way === 'by id' ? server.address : placeOf(server));
      expect(directRemote(peer.path)?.host).toBe(underneath(network).machineOf(home).address);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
      await network.clock.sleep(60_000);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });

  test.each(['by id', 'by address'] as const)('is found among several addresses that nobody is at: %s', async (way) => {
    const network = simulate({ link: { delayMs: 200 } });
    await network.run(async () => {
      const { home, thief: otherAddress, server, client } = await three(network);
      for (const name of ['one', 'two']) network.host(name);
      answerFrom(network, home, otherAddress);
      const hosts = ['one:7400', placeOf(server).replace('osier://', ''), 'two:7400'].join(',');
      const peer = await client.connect(`osier://${way === 'by id' ? `${server.id}@` : ''}${hosts}`);
      expect(directRemote(peer.path)?.host).toBe(underneath(network).machineOf(home).address);
      expect(sameBytes(await echoed(peer, BYTES), BYTES)).toBe(true);
    });
  });
});
