import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { answerOf, HANDLERS, start, whereIs } from './support.js';

const failing = (fail: string) => start({ shards: 2, handlers: HANDLERS, shardData: { fail } });

describe('a module of handlers', () => {
  test('serves in each shard, with its own clone of the data, and others are served on the main thread', async () => {
    const server = await start({ shards: 2, handlers: HANDLERS, shardData: { answer: 42 } });
    expect(server.info()).toMatchObject({ shards: 2, reasons: [], features: expect.arrayContaining(['reuseport-steering']) });
    server.handle('main', async (stream) => stream.write(new TextEncoder().encode('the main thread')));
    const seen = new Set<number>();
    for (const client of [await start(), await start()]) {
      const peer = await client.connect(server.address);
      const { index, id, connected, data } = await whereIs(peer);
      expect([id, connected, data]).toEqual([server.id, 1, { answer: 42 }]);
      expect(await answerOf(await peer.openStream('main'))).toBe('the main thread');
      seen.add(index);
    }
    expect(seen).toEqual(new Set([0, 1]));
  });

  test("traces the shard's streams by the hook that it sets", async () => {
    const server = await start({ shards: 1, handlers: HANDLERS, shardData: { spans: true } });
    const peer = await (await start()).connect(server.address);
    const stream = await peer.openStream('where', { metadata: { trace: 'of the opener' } });
    expect(JSON.parse(await answerOf(stream))).toMatchObject({ spans: ['of the opener'], data: { spans: true } });
  });

  test('has its protocols to itself, and leaves those of the main thread alone', async () => {
    const server = await start({ shards: 1, handlers: HANDLERS });
    const exists = expect.objectContaining({ code: 'ERR_OSIER_HANDLER_EXISTS', details: { protocol: 'echo' } });
    expect(() => server.handle('echo', () => {})).toThrow(exists);
    const registration = server.handle('mine', () => {});
    const peer = await (await start()).connect(server.address);
    const handleInShard = async (protocol: string) => answerOf(await peer.openStream('handle-again', { metadata: { protocol } }));
    expect(await handleInShard('mine')).toBe('ERR_OSIER_HANDLER_EXISTS');
    await registration.close();
    // The shards hear of it a moment later.
    await vi.waitFor(async () => expect(await handleInShard('mine')).toBe('handles mine'));
  });

  test.each([
    ['throws', 'throw', 'the module does not like it here'],
    ['ends its thread', 'exit', 'its thread ended'],
  ])('that %s keeps the node from starting', async (_name, fail, message) => {
    await expect(failing(fail)).rejects.toMatchObject({
      code: 'ERR_OSIER_SHARD_FAILED',
      details: { shard: 0 },
      message: expect.stringContaining(message),
    });
  });

  test('that does not exist, or registers nothing, keeps the node from starting', async () => {
    for (const handlers of [new URL('./no-such-file.mjs', import.meta.url), new URL('../support/pattern.mjs', import.meta.url)]) {
      await expect(start({ shards: 1, handlers })).rejects.toMatchObject({ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 0 } });
    }
  });
});

describe('options of shards', () => {
  test.each([
    [{ handlers: HANDLERS }, 'handlers'],
    [{ shards: 1, handlers: './handlers.js' as unknown as URL }, 'handlers'],
    [{ shards: 257 }, 'shards'],
    [{ shards: -1 }, 'shards'],
    [{ shards: 1, shardData: () => {} }, 'shardData'],
  ])('%o are refused at the call', async (options, option) => {
    await expect(start(options)).rejects.toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });
  });

  test('fewer peers than shards leave one shard, and a reason', async () => {
    const { shards, reasons } = (await start({ shards: 3, limits: { peers: 2 } })).info();
    expect([shards, reasons[0]]).toEqual([1, expect.stringContaining('limits.peers')]);
  });

  test('where sockets cannot share a port, one shard is left, and a reason', async () => {
    vi.stubEnv('OSIER_DRIVER', 'dgram');
    onTestFinished(() => void vi.unstubAllEnvs());
    const server = await start({ shards: 2, handlers: HANDLERS });
    expect(server.info()).toMatchObject({ shards: 1, engine: 'dgram' });
    expect(server.info().reasons[0]).toMatch(/^One shard instead of 2: sockets cannot share a port here: .*EOPNOTSUPP/);
    const peer = await (await start()).connect(server.address);
    expect(await whereIs(peer)).toMatchObject({ index: 0 });
  });

  test('an address that another program has is not shared with it', async () => {
    const first = await start({ shards: 2 });
    const listen = `udp://127.0.0.1:${new URL(first.address.replace('osier:', 'http:')).port}`;
    await expect(start({ shards: 2, listen })).rejects.toMatchObject({ code: 'ERR_OSIER_LISTEN_FAILED', cause: { code: 'EADDRINUSE' } });
  });
});
