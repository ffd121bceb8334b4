import { describe, expect, test } from 'vitest';
import { formatAddress, generateIdentity, generateNetworkSecret, type MeshNode, OsierError, type Peer, parseAddress } from '../../src/index.js';
import { nextEvent, startNode, startTwo } from './support/nodes.js';

/** Where a node is, without who it is. */
function placeOf(node: MeshNode): string {
  return formatAddress({ id: null, hosts: parseAddress(node.address).hosts });
}

async function failureOf(attempt: Promise<unknown>): Promise<OsierError> {
  const outcome = await attempt.then(
    () => null,
    (error: unknown) => error,
  );
  if (!OsierError.is(outcome)) throw new Error('it did not fail with an OsierError', { cause: outcome });
  return outcome;
}

async function echoed(peer: Peer): Promise<number> {
  await using stream = await peer.openStream('echo');
  await stream.write(Uint8Array.of(1, 2, 3));
  const into = new Uint8Array(3);
  const count = await stream.read(into);
  await stream.end();
  return count;
}

function serveEcho(node: MeshNode): void {
  node.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
}

describe('joining by address and network secret alone', () => {
  test('leads to whoever is there, proven by its key, and streams flow both ways', async () => {
    const { server, client } = await startTwo();
    for (const node of [server, client]) serveEcho(node);
    const seen = nextEvent(server, 'peer');
    const peer = await client.connect(placeOf(server));
    expect(peer.id).toBe(server.id);
    expect(peer.state.status).toBe('connected');
    expect(await echoed(peer)).toBe(3);
    const [caller] = (await seen) as [Peer];
    expect(caller.id).toBe(client.id);
    expect(await echoed(caller)).toBe(3);
    expect([client.stats().handshakesCompleted, server.stats().handshakesCompleted]).toEqual([1n, 1n]);
  });

  test("says so: verified is 'network', until somebody connects by that very id, which raises the same peer to 'id'", async () => {
    const { server, client } = await startTwo();
    const seen = nextEvent(server, 'peer');
    const peer = await client.connect(placeOf(server));
    const [caller] = (await seen) as [Peer];
    expect([peer.verified, caller.verified]).toEqual(['network', 'network']);
    expect(await client.connect(server.address)).toBe(peer);
    expect([peer.verified, caller.verified]).toEqual(['id', 'network']);
    expect(await server.connect(client.id)).toBe(caller);
    expect(caller.verified).toBe('id');
  });

  test("a peer that was called by its id is 'id' at both ends, also when it is joined again", async () => {
    const { server, client } = await startTwo();
    const seen = nextEvent(server, 'peer');
    const peer = await client.connect(server.address);
    const [caller] = (await seen) as [Peer];
    expect([peer.verified, caller.verified]).toEqual(['id', 'id']);
    expect(await client.connect(placeOf(server))).toBe(peer);
    expect(peer.verified).toBe('id');
  });

  test('calls at the same time share one peer, and a connected one is returned at once', async () => {
    const { server, client } = await startTwo();
    const place = placeOf(server);
    const peers = await Promise.all([client.connect(place), client.connect(place), client.connect(place)]);
    expect(new Set(peers).size).toBe(1);
    expect(client.stats().handshakesCompleted).toBe(1n);
    const { packetsSent } = client.stats();
    expect(await client.connect(place)).toBe(peers[0]);
    expect(client.stats().packetsSent).toBe(packetsSent);
  });

  test('both ends at once come to one connection, and streams flow', async () => {
    const { server: one, client: other } = await startTwo();
    for (const node of [one, other]) serveEcho(node);
    const peers = await Promise.all([one.connect(placeOf(other)), other.connect(placeOf(one))]);
    for (const peer of peers) expect(await echoed(peer)).toBe(3);
    for (const node of [one, other]) expect(node.stats().peersConnected).toBe(1);
  });

  test('one end joining while the other calls by id comes to one connection, and streams flow', async () => {
    const { server: one, client: other } = await startTwo();
    for (const node of [one, other]) serveEcho(node);
    const peers = await Promise.all([one.connect(placeOf(other)), other.connect(one.address)]);
    for (const peer of peers) expect(await echoed(peer)).toBe(3);
    for (const node of [one, other]) expect(node.stats().peersConnected).toBe(1);
  });

  test('another id at the address is ERR_OSIER_PIN_MISMATCH; the one that was pinned may return', async () => {
    const { server, client } = await startTwo();
    const place = placeOf(server);
    const listen = `udp://127.0.0.1:${parseAddress(place).hosts[0]?.port}`;
    const identity = await generateIdentity();
    const network = { secret: generateNetworkSecret() };
    await server.close({ timeoutMs: 0 });
    const joiner = await startNode({ network });
    const first = await startNode({ network, identity, listen });
    const peer = await joiner.connect(place);
    const lost = nextEvent(peer, 'path');
    await first.close({ timeoutMs: 0 });
    await lost;
    const impostor = await startNode({ network, listen });
    const failure = await failureOf(joiner.connect(place));
    expect(failure.code).toBe('ERR_OSIER_PIN_MISMATCH');
    expect(failure.details).toEqual({ pinned: first.id, found: impostor.id });
    expect(joiner.peers.has(impostor.id)).toBe(false);
    await impostor.close({ timeoutMs: 0 });
    await startNode({ network, identity, listen });
    expect((await joiner.connect(place)).id).toBe(first.id);
    void client;
  });

  test('a member of another network gets silence', async () => {
    const { server } = await startTwo();
    const stranger = await startNode({ network: { secret: generateNetworkSecret() } });
    const failure = await failureOf(stranger.connect(placeOf(server), { timeoutMs: 400 }));
    expect(failure.code).toBe('ERR_OSIER_TIMEOUT');
    expect(failure.message).toContain(placeOf(server));
    expect(server.peers.size).toBe(0);
  });

  test('a policy that says no is told to the caller, and leaves no peer behind', async () => {
    const { server, client } = await startTwo({ server: { accept: () => false } });
    const failure = await failureOf(client.connect(placeOf(server)));
    expect(failure.code).toBe('ERR_OSIER_REFUSED');
    expect(failure.details).toEqual({ why: 'policy' });
    expect(server.peers.size).toBe(0);
  });

  test('the policy is asked about the id that was proved', async () => {
    const asked: string[] = [];
    const accept = ({ id }: { readonly id: string }): boolean => asked.push(id) > 0;
    const { server, client } = await startTwo({ server: { accept } });
    await client.connect(placeOf(server));
    expect(asked).toEqual([client.id]);
  });

  test('a node that is not there yet is found when it comes', async () => {
    const network = { secret: generateNetworkSecret() };
    const place = await startNode({ network });
    const listen = `udp://127.0.0.1:${parseAddress(place.address).hosts[0]?.port}`;
    const address = placeOf(place);
    await place.close({ timeoutMs: 0 });
    const client = await startNode({ network });
    const joined = client.connect(address);
    const server = await startNode({ network, listen });
    expect((await joined).id).toBe(server.id);
  });

  test('an address among the peers of the options is joined and kept connected', async () => {
    const network = { secret: generateNetworkSecret() };
    const server = await startNode({ network });
    const seen = nextEvent(server, 'peer');
    const client = await startNode({ network, peers: [placeOf(server)] });
    const [caller] = (await seen) as [Peer];
    expect(caller.id).toBe(client.id);
    const peer = client.peers.get(server.id) ?? ((await nextEvent(client, 'peer'))[0] as Peer);
    const again = nextEvent(server, 'peer');
    const back = new Promise<void>((resolve) => {
      let wasLost = false;
      peer.on('state', ({ status }) => {
        wasLost ||= status === 'idle';
        if (wasLost && status === 'connected') resolve();
      });
    });
    await caller.close({ timeoutMs: 0 });
    await Promise.all([back, again]);
  });

  test('a node that closes ends a join that waits', async () => {
    const { client } = await startTwo();
    const joined = failureOf(client.connect('osier://127.0.0.1:9'));
    await client.close({ timeoutMs: 0 });
    expect((await joined).code).toBe('ERR_OSIER_NODE_CLOSED');
  });
});
