import { describe, expect, test } from 'vitest';
import { type ByteStream, formatAddress, generateIdentity, type MeshNode, type Peer, parseAddress } from '../../src/index.js';
import { collect, deferred, nextEvent, startConnected, startNode, startTwo } from './support/nodes.js';

/** How to reach a node. */
function targetOf(node: MeshNode, way: string): string {
  return way === 'by id' ? node.address : formatAddress({ id: null, hosts: parseAddress(node.address).hosts });
}

describe('streams at once', () => {
  test("beyond the peer's limit wait until one ends", async () => {
    const { server, peer } = await startConnected({ server: { limits: { streamsPerPeer: 2 } } });
    server.handle('hold', async (stream) => void (await collect(stream)));
    const held = await Promise.all([peer.openStream('hold'), peer.openStream('hold')]);
    await expect(peer.openStream('hold', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT', details: { timeoutMs: 100 } });
    const waiting = peer.openStream('hold');
    await held[0]?.end();
    const third = await waiting;
    await third.end();
    expect(await third.closed).toEqual({ status: 'finished' });
  });

  test("beyond the peer's limit go out on the next connection when this one ends first", async () => {
    const { server, client, peer } = await startConnected({ server: { limits: { streamsPerPeer: 1 } } });
    server.handle('hold', async (stream) => void (await collect(stream)));
    const held = await peer.openStream('hold');
    await held.write(Uint8Array.of(1));
    await held.flush();
    const waiting = peer.openStream('hold');
    await server.peers.get(client.id)?.close({ timeoutMs: 0 });
    const next = await waiting;
    await next.end();
    expect(await next.closed).toEqual({ status: 'finished' });
  });

  test("beyond this node's own limit fail at once", async () => {
    const { server, peer } = await startConnected({ client: { limits: { streamsPerPeer: 1 } } });
    server.handle('hold', async (stream) => void (await collect(stream)));
    const first = await peer.openStream('hold');
    await expect(peer.openStream('hold')).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT', details: { limit: 'streamsPerPeer' } });
    await first.end();
    await first.closed;
    await (await peer.openStream('hold')).end();
  });

  test('a hundred carry their own bytes', async () => {
    const { server, peer } = await startConnected();
    server.handle('echo', async (stream) => {
      for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
    });
    const replies = await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const stream = await peer.openStream('echo', { priority: (number % 8) as 0 });
        const received = collect(stream);
        for (let round = 0; round < 20; round++) await stream.write(new Uint8Array(5_000).fill(number));
        await stream.end();
        return received;
      }),
    );
    replies.forEach((reply, number) => {
      expect(reply.length).toBe(100_000);
      expect(reply.every((byte) => byte === number)).toBe(true);
    });
  });
});

describe('peers at once', () => {
  test.each(['by id', 'by address'])('beyond the limit are refused, and told so: %s', async (way) => {
    const network = { secret: new Uint8Array(32).fill(5) };
    const server = await startNode({ network, limits: { peers: 1 } });
    const [one, other] = [await startNode({ network }), await startNode({ network })];
    const known = nextEvent(server, 'peer');
    await one.connect(server.address);
    await known;
    await expect(other.connect(targetOf(server, way))).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'limit' } });
  });

  test('that were refused take no room: the only place is free for who is admitted', async () => {
    const network = { secret: new Uint8Array(32).fill(5) };
    const [stranger, friend] = [await startNode({ network }), await startNode({ network })];
    const server = await startNode({ network, limits: { peers: 1 }, accept: ({ id }) => id === friend.id });
    const warned: string[] = [];
    server.on('warning', ({ code }) => warned.push(code));
    const refused = { code: 'ERR_OSIER_REFUSED', details: { why: 'policy' } };
    for (let count = 0; count < 5; count++) await expect(stranger.connect(targetOf(server, 'by address'))).rejects.toMatchObject(refused);
    expect((await friend.connect(targetOf(server, 'by address'))).id).toBe(server.id);
    expect(warned).toEqual([]);
  });

  test('whose policy has not answered when the node closes are told that it closes', async () => {
    const asked = deferred<void>();
    const accept = (): Promise<boolean> => {
      asked.resolve();
      return new Promise(() => {});
    };
    const { server, client } = await startTwo({ server: { accept } });
    const joining = expect(client.connect(targetOf(server, 'by address'))).rejects.toMatchObject({
      code: 'ERR_OSIER_REFUSED',
      details: { why: 'shutdown' },
    });
    await asked.promise;
    await server.close();
    await joining;
  });

  test('that restarted while the policy was asked about their join stay connected as they are when it says yes', async () => {
    const network = { secret: new Uint8Array(32).fill(5) };
    const identity = await generateIdentity();
    const [asked, answered] = [deferred<void>(), deferred<boolean>()];
    const answers: (boolean | Promise<boolean>)[] = [answered.promise];
    const accept = (): boolean | Promise<boolean> => {
      asked.resolve();
      return answers.shift() ?? true;
    };
    const server = await startNode({ network, accept });
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    const before = await startNode({ network, identity });
    const given = before.connect(targetOf(server, 'by address')).catch(() => {});
    await asked.promise;
    await before.close({ timeoutMs: 0 });
    await given;
    const known = nextEvent(server, 'peer');
    const after = await startNode({ network, identity });
    const peer = await after.connect(server.address);
    const [caller] = (await known) as [Peer];
    const states: string[] = [];
    caller.on('state', ({ status }) => states.push(status));
    answered.resolve(true);
    await using stream = await peer.openStream('echo');
    await stream.write(Uint8Array.of(1, 2, 3));
    await stream.end();
    expect([...(await collect(stream))]).toEqual([1, 2, 3]);
    expect(states).toEqual([]);
  });
});

describe('a handler', () => {
  test('has its protocol to itself until it is closed', async () => {
    const { server, peer } = await startConnected();
    const served = deferred<ByteStream>();
    const registration = server.handle('only', async (stream) => {
      served.resolve(stream);
      await collect(stream);
    });
    expect(() => server.handle('only', () => {})).toThrow(
      expect.objectContaining({ code: 'ERR_OSIER_HANDLER_EXISTS', details: { protocol: 'only' } }),
    );
    const held = await peer.openStream('only');
    await held.write(Uint8Array.of(1));
    await served.promise;
    const closing = registration.close();
    const late = await peer.openStream('only');
    expect(await late.closed).toMatchObject({ error: { code: 'ERR_OSIER_REFUSED', details: { why: 'shutdown' } } });
    await held.end();
    expect(await closing).toEqual({ status: 'drained' });
    server.handle('only', () => {});
    await (await peer.openStream('only')).end();
  });

  test.each([
    ['', 'protocol'],
    ['x'.repeat(65), 'protocol'],
  ])('cannot serve protocol %o', async (protocol, option) => {
    const { server, client } = await startTwo();
    expect(() => server.handle(protocol, () => {})).toThrow(expect.objectContaining({ details: { option } }));
    expect(() => client.handle('x', { kind: 'bytes', maxConcurrent: 0 }, () => {})).toThrow(
      expect.objectContaining({ details: { option: 'maxConcurrent' } }),
    );
    expect(() => client.handle('x', { kind: 'words' as 'bytes' }, () => {})).toThrow(expect.objectContaining({ details: { option: 'kind' } }));
  });
});
