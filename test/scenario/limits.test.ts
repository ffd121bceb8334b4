import { describe, expect, test } from 'vitest';
import type { ByteStream } from '../../src/index.js';
import { collect, deferred, nextEvent, startConnected, startNode, startTwo } from './support/nodes.js';

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
  test('beyond the limit are refused, and told so', async () => {
    const network = { secret: new Uint8Array(32).fill(5) };
    const server = await startNode({ network, limits: { peers: 1 } });
    const [one, other] = [await startNode({ network }), await startNode({ network })];
    const known = nextEvent(server, 'peer');
    await one.connect(server.address);
    await known;
    await expect(other.connect(server.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'limit' } });
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
    server.handle('only', async (stream) => void (await collect(stream)));
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
