import { describe, expect, test } from 'vitest';
import { formatAddress, generateNetworkSecret, type MeshNode, type Peer, parseAddress } from '../../src/index.js';
import { nextEvent, startNode } from './support/nodes.js';

const [OLD, NEW] = [generateNetworkSecret(), generateNetworkSecret()];

/** Resolves when `peer` has lost its connection and has another. */
function reconnection(peer: Peer): Promise<void> {
  return new Promise((resolve) => {
    let wasLost = false;
    peer.on('state', ({ status }) => {
      wasLost ||= status === 'idle';
      if (wasLost && status === 'connected') resolve();
    });
  });
}

const placeOf = (node: MeshNode): string => formatAddress({ id: null, hosts: parseAddress(node.address).hosts });

describe('two network secrets', () => {
  test.each(['by id', 'by address'])('are both accepted from those who call %s', async (way) => {
    const server = await startNode({ network: { secret: [NEW, OLD] } });
    for (const secret of [OLD, NEW]) {
      const client = await startNode({ network: { secret } });
      expect((await client.connect(way === 'by id' ? server.address : placeOf(server))).id).toBe(server.id);
    }
  });

  test.each(['by id', 'by address'])('are not both sent: the first is, %s', async (way) => {
    const client = await startNode({ network: { secret: [NEW, OLD] } });
    const addressOf = (node: MeshNode): string => (way === 'by id' ? node.address : placeOf(node));
    const [current, previous] = [await startNode({ network: { secret: NEW } }), await startNode({ network: { secret: OLD } })];
    expect((await client.connect(addressOf(current))).id).toBe(current.id);
    await expect(client.connect(addressOf(previous), { timeoutMs: 300 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
  });
});

describe('reload', () => {
  test('changes the network secret of a running network, node by node, and sessions go on', async () => {
    const server = await startNode({ network: { secret: OLD } });
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    const client = await startNode({ network: { secret: OLD } });
    const peer = await client.connect(server.address);
    const stream = await peer.openStream('echo');
    const into = new Uint8Array(1);
    const alive = async (): Promise<void> => {
      await stream.write(Uint8Array.of(7));
      expect(await stream.read(into)).toBe(1);
    };
    await server.reload({ network: { secret: [NEW, OLD] } });
    await alive();
    await client.reload({ network: { secret: [NEW, OLD] } });
    await server.reload({ network: { secret: NEW } });
    await alive();
    const late = await startNode({ network: { secret: OLD } });
    await expect(late.connect(server.address, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
    await late.reload({ network: { secret: NEW } });
    expect((await late.connect(server.address)).id).toBe(server.id);
    expect((await (await startNode({ network: { secret: NEW } })).connect(placeOf(server))).id).toBe(server.id);
    await alive();
  });

  test('replaces the peers that are kept connected: new ones are connected, old ones are let go and stay connected until they end', async () => {
    const network = { secret: OLD };
    const [one, other] = [await startNode({ network }), await startNode({ network })];
    const known = [nextEvent(one, 'peer'), nextEvent(other, 'peer')];
    const node = await startNode({ network, peers: [one.address] });
    const [first] = (await nextEvent(node, 'peer')) as [Peer];
    expect(first.id).toBe(one.id);
    const joined = nextEvent(node, 'peer');
    await node.reload({ peers: [placeOf(other)] });
    const [second] = (await joined) as [Peer];
    expect(second.id).toBe(other.id);
    expect(first.state.status).toBe('connected');
    await Promise.all(known);
    const back = reconnection(second);
    const gone = nextEvent(first, 'path');
    await one.peers.get(node.id)?.close({ timeoutMs: 0 });
    await other.peers.get(node.id)?.close({ timeoutMs: 0 });
    await Promise.all([back, gone]);
    expect(first.state.status).toBe('idle');
  });

  test('changes nothing when any part of it is bad', async () => {
    const server = await startNode({ network: { secret: OLD } });
    const newcomer = await startNode({ network: { secret: NEW } });
    await expect(server.reload({ network: { secret: NEW }, peers: ['nonsense'] })).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_ADDRESS' });
    await expect(server.reload({ network: { secret: new Uint8Array(5) }, peers: [newcomer.address] })).rejects.toMatchObject({
      code: 'ERR_OSIER_INVALID_OPTION',
      details: { option: 'network.secret' },
    });
    await expect(newcomer.connect(server.address, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
    expect(server.peers.size).toBe(0);
  });

  test('with more peers than the limit changes nothing', async () => {
    const server = await startNode({ network: { secret: OLD }, limits: { peers: 1 } });
    const others = [await startNode({ network: { secret: NEW } }), await startNode({ network: { secret: NEW } })];
    const peers = others.map(({ address }) => address);
    await expect(server.reload({ network: { secret: NEW }, peers })).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
    await server.reload({ network: { secret: NEW }, peers: peers.slice(1) });
    const [peer] = server.peers.size === 0 ? ((await nextEvent(server, 'peer')) as [Peer]) : [...server.peers.values()];
    expect(peer?.id).toBe(others[1]?.id);
  });

  test('of a closed node fails', async () => {
    const node = await startNode({ network: { secret: OLD } });
    await node.close();
    await expect(node.reload({ network: { secret: NEW } })).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
  });
});
