import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type DiagnosticsPayloads,
  generateIdentity,
  generateNetworkSecret,
  type Logger,
  OsierError,
  onDiagnostics,
  type PathChange,
  type PeerState,
  type TracingHook,
} from '../../src/index.js';
import { collect, nextEvent, startConnected, startNode, startTwo } from './support/nodes.js';

type Name = keyof DiagnosticsPayloads;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Everything that is published while the test runs. */
function watchAll(): { readonly [N in Name]: DiagnosticsPayloads[N][] } {
  const heard = {
    'osier:handshake': [],
    'osier:peer:state': [],
    'osier:path': [],
    'osier:route': [],
    'osier:traversal': [],
    'osier:stream:open': [],
    'osier:stream:end': [],
    'osier:shard': [],
  };
  for (const name of Object.keys(heard) as Name[]) {
    const subscription = onDiagnostics(name, (payload) => (heard[name] as unknown[]).push(payload));
    onTestFinished(() => subscription[Symbol.dispose]());
  }
  return heard;
}

describe('diagnostics channels', () => {
  test('tell of a connection from its handshake to its end, at both ends', async () => {
    const heard = watchAll();
    const { server, client, peer } = await startConnected();
    const handshakes = heard['osier:handshake'].map(({ peer, role, error }) => ({ peer, role, error }));
    expect(handshakes).toContainEqual({ peer: server.id, role: 'initiator', error: null });
    expect(handshakes).toContainEqual({ peer: client.id, role: 'responder', error: null });
    for (const { durationMs } of heard['osier:handshake']) expect(durationMs).toBeGreaterThan(0);
    await peer.close();
    await vi.waitFor(() => expect(heard['osier:path'].filter(({ change }) => change.to === null)).toHaveLength(2));
    const states = (id: string): string[] => heard['osier:peer:state'].filter(({ peer }) => peer === id).map(({ state }) => state.status);
    expect(states(server.id)).toEqual(['connecting', 'connected', 'closed']);
    expect(states(client.id)).toEqual(['connected', 'idle']);
    const paths = (id: string): string[] => heard['osier:path'].filter(({ peer }) => peer === id).map(({ change }) => change.cause.kind);
    expect(paths(server.id)).toEqual(['connected', 'disconnected']);
    expect(paths(client.id)).toEqual(['connected', 'disconnected']);
  });

  test('tell of a stream when it opens and when it has ended, with its counters', async () => {
    const heard = watchAll();
    const { server, client, peer } = await startConnected();
    server.handle('count', async (stream) => {
      for await (const _ of stream);
    });
    const stream = await peer.openStream('count');
    await stream.write(bytes('12345'));
    await stream.end();
    await vi.waitFor(() => expect(heard['osier:stream:end']).toHaveLength(2));
    expect(heard['osier:stream:open']).toContainEqual({ protocol: 'count', kind: 'bytes', peer: server.id, side: 'opener' });
    expect(heard['osier:stream:open']).toContainEqual({ protocol: 'count', kind: 'bytes', peer: client.id, side: 'handler' });
    const [opener, handler] = ['opener', 'handler'].map((side) => heard['osier:stream:end'].find((end) => end.side === side));
    expect(opener).toMatchObject({ protocol: 'count', error: null, stats: { bytesSent: 5n } });
    expect(handler).toMatchObject({ protocol: 'count', error: null, stats: { bytesReceived: 5n, bytesConsumed: 5n } });
  });

  test('tell of a stream that failed why', async () => {
    const heard = watchAll();
    const { peer } = await startConnected();
    const stream = await peer.openStream('nobody serves this');
    await stream.closed;
    await vi.waitFor(() => expect(heard['osier:stream:end'][0]?.error?.code).toBe('ERR_OSIER_NO_HANDLER'));
  });

  test('tell of handshakes that came to nothing, at both ends', async () => {
    const heard = watchAll();
    const { server, client } = await startTwo({ server: { accept: () => false } });
    await expect(client.connect(server.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
    await vi.waitFor(() => {
      const failures = heard['osier:handshake'].map(({ peer, role, error }) => ({ peer, role, code: error?.code }));
      expect(failures).toContainEqual({ peer: server.id, role: 'initiator', code: 'ERR_OSIER_REFUSED' });
      expect(failures).toContainEqual({ peer: client.id, role: 'responder', code: 'ERR_OSIER_REFUSED' });
    });
    heard['osier:handshake'].length = 0;
    const { id } = await generateIdentity();
    await expect(client.connect(`osier://${id}@127.0.0.1:9`, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_OSIER_TIMEOUT' });
    expect(heard['osier:handshake']).toMatchObject([{ peer: id, role: 'initiator', error: { code: 'ERR_OSIER_TIMEOUT' } }]);
  });

  test('tell of no failure when the peer calls before it answers', async () => {
    const heard = watchAll();
    const { server, client } = await startTwo();
    const calling = client.connect(`osier://${server.id}@127.0.0.1:9`);
    await server.connect(client.address);
    await calling;
    await vi.waitFor(() => expect(heard['osier:handshake']).toHaveLength(2));
    const handshakes = heard['osier:handshake'].map(({ peer, role, error }) => ({ peer, role, error }));
    expect(handshakes).toContainEqual({ peer: client.id, role: 'initiator', error: null });
    expect(handshakes).toContainEqual({ peer: server.id, role: 'responder', error: null });
  });
});

test('a peer tells of its states and paths by events', async () => {
  const { server, client } = await startTwo();
  const seen = nextEvent(server, 'peer');
  const peer = await client.connect(server.address);
  await seen;
  const states: PeerState[] = [];
  const changes: PathChange[] = [];
  peer.on('state', (state) => states.push(state));
  peer.on('path', (change) => changes.push(change));
  const from = peer.path;
  await peer.close();
  expect(states).toEqual([{ status: 'closed', error: null }]);
  expect(changes).toEqual([{ from, to: null, cause: { kind: 'disconnected', error: null } }]);
});

describe('the logger', () => {
  test('hears of a connection and its streams, and never of payloads or the network secret', async () => {
    const lines: { level: string; fields: object; message: string }[] = [];
    const at = (level: string) => (fields: object, message: string) => lines.push({ level, fields, message });
    const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const secret = generateNetworkSecret();
    const { server, client, peer } = await startConnected({ server: { logger, network: { secret } }, client: { logger, network: { secret } } });
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    const stream = await peer.openStream('echo');
    await stream.write(bytes('a payload of the application'));
    void stream.end();
    await collect(stream);
    await client.close();
    await vi.waitFor(() => expect(lines.filter(({ message }) => message === 'A stream has ended.')).toHaveLength(2));
    const told = lines.map(({ level, message }) => `${level}: ${message}`);
    for (const line of ['info: The node has started.', 'debug: A handshake succeeded.', 'info: A peer is connected.', 'info: The node is closed.']) {
      expect(told).toContain(line);
    }
    // JSON as pino writes it: no field may be a bigint.
    const text = JSON.stringify(lines);
    expect(text).not.toContain('a payload of the application');
    for (const encoding of ['hex', 'base64', 'base64url'] as const) expect(text).not.toContain(Buffer.from(secret).toString(encoding));
  });
});

describe('a tracing hook', () => {
  const traces = new AsyncLocalStorage<string>();

  /** Carries the store of the opener to the handler. */
  function carrying(ends: (Error | null)[]): TracingHook {
    return {
      opening: (_info, metadata) => {
        metadata.trace = traces.getStore() ?? '';
        return (error) => ends.push(error);
      },
      handling: (_info, { trace = '' }, run) => traces.run(trace, run),
    };
  }

  test("carries the opener's context to the handler, and hears of the end", async () => {
    const ends: (Error | null)[] = [];
    const tracing = carrying(ends);
    const { server, peer } = await startConnected({ server: { tracing }, client: { tracing } });
    const served = new Promise<unknown[]>((resolve) => {
      server.handle('traced', async (stream, { metadata }) => {
        for await (const _ of stream);
        resolve([traces.getStore(), metadata]);
      });
    });
    const stream = await traces.run('trace 7', () => peer.openStream('traced', { metadata: { own: 'yes' } }));
    await stream.end();
    expect(await served).toEqual(['trace 7', { own: 'yes', trace: 'trace 7' }]);
    await vi.waitFor(() => expect(ends).toEqual([null]));
  });

  test('hears of a stream that was reset and of one that never opened', async () => {
    const ends: (Error | null)[] = [];
    const { peer } = await startConnected({ client: { tracing: carrying(ends) } });
    await (await peer.openStream('nobody serves this')).closed;
    await vi.waitFor(() => expect(ends).toMatchObject([{ code: 'ERR_OSIER_NO_HANDLER' }]));
    await expect(peer.openStream('late', { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
    expect(ends[1]?.message).toBe('too late');
  });

  test('that fails is told of by a warning, once, and streams go on', async () => {
    const throwing = (): never => {
      throw new Error('the hook failed');
    };
    const { server, client, peer } = await startConnected({ client: { tracing: { opening: throwing, handling: throwing } } });
    const warnings: OsierError[] = [];
    client.on('warning', (warning) => warnings.push(warning));
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    for (let i = 0; i < 2; i++) await (await peer.openStream('echo')).end();
    expect(warnings.map(({ code, details }) => ({ code, details }))).toEqual([{ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'tracing' } }]);
  });

  test('that adds more than fits does not keep the stream from opening', async () => {
    const big: TracingHook = {
      opening: (_info, metadata) => {
        metadata.baggage = 'x'.repeat(1_024);
        return () => {};
      },
      handling: (_info, _metadata, run) => run(),
    };
    const { server, peer } = await startConnected({ client: { tracing: big } });
    const served = new Promise((resolve) => server.handle('big', (_stream, { metadata }) => resolve({ ...metadata })));
    await peer.openStream('big', { metadata: { own: 'yes' } });
    expect(await served).toEqual({ own: 'yes' });
  });

  test.each([[{}], [{ opening: () => () => {} }], [null]])('%o is none', async (tracing) => {
    await expect(startNode({ tracing: tracing as unknown as TracingHook })).rejects.toSatisfy((error) =>
      OsierError.is(error, 'ERR_OSIER_INVALID_OPTION'),
    );
  });
});
