import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type ByteStream, generateIdentity, generateNetworkSecret, MeshNode, OsierError, type Peer, parseAddress } from '../../src/index.js';
import { collect, deferred, nextEvent, patternBytes, sameBytes, startConnected, startNode, startTwo } from './support/nodes.js';

const stateOf = (peer: Peer): string => peer.state.status;

describe('closing a node', () => {
  test('lets handlers finish what they do, then reports that all is drained', async () => {
    const { server, peer } = await startConnected();
    server.handle('jobs', async (stream, { draining }) => {
      if (!draining.aborted) await once(draining, 'abort');
      expect(draining.reason).toBeInstanceOf(OsierError);
      await stream.write(patternBytes(100_000));
    });
    const stream = await peer.openStream('jobs');
    await stream.end();
    const received = collect(stream);
    const report = await server.close({ reason: 'deploy' });
    expect(report).toEqual({ status: 'drained' });
    expect(sameBytes(await received, patternBytes(100_000))).toBe(true);
  });

  test('cuts what is left after the time-out, and counts it', async () => {
    const { server, client, peer } = await startConnected();
    const ended = deferred<unknown>();
    server.handle('stuck', async (stream) => ended.resolve(await stream.closed));
    const stream = await peer.openStream('stuck');
    stream.tryWrite(patternBytes(10_000));
    await stream.flush();
    const report = await client.close({ timeoutMs: 50 });
    expect(report).toEqual({ status: 'cut', streams: 1, unacknowledgedBytes: 0n });
    expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_NODE_CLOSED' } });
    expect(await ended.promise).toMatchObject({ status: 'failed' });
  });

  test('refuses new streams while it drains, and everything afterwards', async () => {
    const { server, client, peer } = await startConnected();
    const held = await openHeld(server, peer);
    const closing = server.close();
    expect(server.close({ timeoutMs: 1 })).toBe(closing);
    const late = await peer.openStream('hold').then(
      (stream) => stream.closed.then((outcome) => (outcome.status === 'failed' ? outcome.error : null)),
      (error: unknown) => error,
    );
    expect(late).toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'shutdown' } });
    await held.end();
    expect(await closing).toEqual({ status: 'drained' });
    expect(() => server.handle('more', () => {})).toThrow(expect.objectContaining({ code: 'ERR_OSIER_NODE_CLOSED' }));
    await expect(server.connect(client.address)).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
  });

  test('counts to the last packet: what it sent is what its peers received', async () => {
    const { server, client, peer } = await startConnected();
    const held = await openHeld(server, peer);
    const closing = server.close();
    await held.end();
    expect(await closing).toEqual({ status: 'drained' });
    const stats = server.stats();
    await vi.waitFor(() => expect(client.stats()).toMatchObject({ packetsReceived: stats.packetsSent, bytesReceived: stats.bytesSent }));
    expect(server.stats()).toEqual(stats);
  });

  test('tells the peers why, frees the port at once, and emits close last', async () => {
    const { server, client, peer } = await startConnected();
    const { hosts } = parseAddress(server.address);
    const states: string[] = [];
    peer.on('state', ({ status }) => states.push(status));
    const disconnected = new Promise((resolve) => peer.once('path', resolve));
    const closed = nextEvent(server, 'close');
    await server.close({ reason: 'maintenance' });
    expect(await closed).toEqual([null]);
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    await new Promise<void>((resolve) => socket.bind(hosts[0]?.port, '127.0.0.1', resolve));
    expect(await disconnected).toMatchObject({
      to: null,
      cause: {
        kind: 'disconnected',
        error: { code: 'ERR_OSIER_PEER_CLOSED', details: { by: 'remote', closeCode: 'shutdown', reason: 'maintenance' } },
      },
    });
    expect(states).toEqual(['idle']);
    expect(client.peers.get(peer.id)).toBe(peer);
  });

  test('at once after the last byte leaves the stream finished at the other end, too', async () => {
    const { server, client, peer } = await startConnected();
    const outcome = deferred<unknown>();
    server.handle('echo', async (stream) => {
      stream.closed.then(outcome.resolve);
      await stream.readable.pipeTo(stream.writable);
    });
    const stream = await peer.openStream('echo');
    await stream.write(patternBytes(5_000));
    void stream.end();
    await collect(stream);
    expect(await client.close()).toEqual({ status: 'drained' });
    expect(await outcome.promise).toEqual({ status: 'finished' });
  });

  test('takes nothing back that the other end has whole, however late it reads', async () => {
    const { server, client, peer } = await startConnected();
    const read = deferred<Uint8Array>();
    const gone = deferred<void>();
    server.handle('late', async (stream) => {
      void stream.end();
      await gone.promise;
      read.resolve(await collect(stream));
    });
    const [caller] = [...server.peers.values()];
    caller?.on('state', ({ status }) => status === 'idle' && gone.resolve());
    const stream = await peer.openStream('late');
    await stream.write(patternBytes(30_000));
    await stream.end();
    await collect(stream);
    expect(await client.close()).toEqual({ status: 'drained' });
    expect(sameBytes(await read.promise, patternBytes(30_000))).toBe(true);
  });

  test('cuts a longer close of a peer short', async () => {
    const { server, client, peer } = await startConnected();
    server.handle('stuck', async (stream) => void (await stream.closed));
    const stream = await peer.openStream('stuck');
    await stream.write(Uint8Array.of(1));
    await stream.flush();
    const closing = peer.close({ timeoutMs: 1e9 });
    expect(await client.close({ timeoutMs: 0 })).toMatchObject({ status: 'cut', streams: 1 });
    expect(await closing).toMatchObject({ status: 'cut' });
  });

  test('fails what waits', async () => {
    const { client } = await startTwo();
    const { id } = await generateIdentity();
    const attempt = client.connect(`osier://${id}@127.0.0.1:9`);
    const failed = expect(attempt).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED' });
    await client.close();
    await failed;
  });
});

describe('closing a peer', () => {
  test('ends it for both, and it may connect again', async () => {
    const { server, client, peer } = await startConnected();
    const [caller] = [...server.peers.values()];
    if (caller === undefined) throw new Error('the server does not know its caller');
    const idle = new Promise((resolve) => caller.once('state', resolve));
    expect(await peer.close({ reason: 'bye' })).toEqual({ status: 'drained' });
    expect(peer.state).toEqual({ status: 'closed', error: null });
    expect(client.peers.size).toBe(0);
    expect(await idle).toEqual({ status: 'idle' });
    await expect(peer.openStream('x')).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_CLOSED', details: { by: 'local' } });
    const again = await client.connect(server.address);
    expect(again).not.toBe(peer);
    expect(stateOf(again)).toBe('connected');
  });

  test('refuses its streams while it drains, and connects again afterwards', async () => {
    const { server, client, peer } = await startConnected();
    const known = server.peers.get(client.id);
    client.handle('x', () => {});
    const held = await openHeld(server, peer);
    const closing = peer.close();
    const late = known?.openStream('x').then(
      (stream) => stream.closed.then((outcome) => (outcome.status === 'failed' ? outcome.error : null)),
      (error: unknown) => error,
    );
    expect(await late).toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'shutdown' } });
    const again = client.connect(server.address);
    await held.end();
    expect(await closing).toEqual({ status: 'drained' });
    expect(stateOf(await again)).toBe('connected');
  });

  test('an idle peer connects again when a stream is opened', async () => {
    const { server, client, peer } = await startConnected();
    client.handle('back', (stream) => stream.write(Uint8Array.of(9)));
    server.handle('x', async (stream) => void (await collect(stream)));
    const [caller] = [...server.peers.values()];
    await caller?.close();
    while (stateOf(peer) !== 'idle') await new Promise((resolve) => peer.once('state', resolve));
    const stream = await peer.openStream('x');
    await stream.end();
    expect(stateOf(peer)).toBe('connected');
  });

  test('a peer that is to be kept is connected again at once', async () => {
    const { server, client } = await startTwo();
    let known = nextEvent(server, 'peer');
    const peer = await client.connect(server.address, { reconnect: 'always' });
    for (let round = 0; round < 2; round++) {
      const [caller] = (await known) as [Peer];
      known = nextEvent(server, 'peer');
      await caller.close();
    }
    await known;
    while (stateOf(peer) !== 'connected') await nextEvent(peer, 'state');
  });

  test('peers of the options are connected without being asked for', async () => {
    const network = { secret: generateNetworkSecret() };
    const server = await startNode({ network });
    const seen = nextEvent(server, 'peer');
    const client = await startNode({ network, peers: [server.address] });
    expect(((await seen) as [Peer])[0].id).toBe(client.id);
  });

  test('a ping comes back in milliseconds, and counters count', async () => {
    const { peer } = await startConnected();
    expect(await peer.ping()).toBeGreaterThan(0);
    const stats = peer.stats();
    expect(stats.packetsSent).toBeGreaterThan(0n);
    expect(stats.rttMicros).toBeGreaterThan(0);
    expect(stats.mtuBytes).toBe(1_200);
    expect(stats.pathChanges).toBe(1n);
  });
});

describe('a peer that dies', () => {
  test('and is started anew ends its streams with PEER_RESTARTED, and takes new ones', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osier-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = generateNetworkSecret();
    const first = await startEchoProcess(join(folder, 'key'), secret, 0);
    const client = await startNode({ network: { secret } });
    const peer = await client.connect(first.address);
    const stream = await peer.openStream('echo');
    await stream.write(Uint8Array.of(1));
    expect(await stream.read(new Uint8Array(1))).toBe(1);
    const before = peer.state;

    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    const port = parseAddress(first.address).hosts[0]?.port ?? 0;
    await startEchoProcess(join(folder, 'key'), secret, port);
    const startedAtMs = performance.now();
    await stream.write(Uint8Array.of(2));
    expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_RESTARTED' } });
    const next = await peer.openStream('echo');
    await next.write(Uint8Array.of(3));
    expect(await next.read(new Uint8Array(1))).toBe(1);
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
    expect(peer.state).not.toEqual(before);
  });

  test('for good ends its streams with PEER_LOST', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'osier-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = generateNetworkSecret();
    const server = await startEchoProcess(join(folder, 'key'), secret, 0);
    const client = await startNode({ network: { secret }, peerLostAfterMs: 500 });
    const peer = await client.connect(server.address);
    const stream: ByteStream = await peer.openStream('echo');
    await stream.write(Uint8Array.of(1));
    expect(await stream.read(new Uint8Array(1))).toBe(1);
    server.process.kill('SIGKILL');
    await once(server.process, 'exit');
    await stream.write(Uint8Array.of(2));
    expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_PEER_LOST' } });
    expect(peer.state).toEqual({ status: 'idle' });
  });
});

describe('a node that cannot start', () => {
  test('because the port is in use says so', async () => {
    const one = await startNode({});
    const port = parseAddress(one.address).hosts[0]?.port;
    const second = MeshNode.create({
      identity: await generateIdentity(),
      network: { secret: generateNetworkSecret() },
      listen: `udp://127.0.0.1:${port}`,
    });
    await expect(second).rejects.toMatchObject({
      code: 'ERR_OSIER_LISTEN_FAILED',
      details: { address: `udp://127.0.0.1:${port}` },
      cause: { code: 'EADDRINUSE' },
    });
  });

  test('because there is no key file says so', async () => {
    const created = MeshNode.create({ identity: '/nowhere/node.key', network: { secret: generateNetworkSecret() } });
    await expect(created).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_IDENTITY', details: { path: '/nowhere/node.key' } });
  });
});

async function startEchoProcess(
  keyFile: string,
  secret: Uint8Array,
  port: number,
): Promise<{ readonly process: ChildProcess; readonly address: string }> {
  const script = fileURLToPath(new URL('support/echo-server.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, keyFile, Buffer.from(secret).toString('hex'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  for await (const address of createInterface({ input: child.stdout })) return { process: child, address };
  throw new Error('the echo server did not start');
}

/** A stream that `server` reads until it ends. */
async function openHeld(server: MeshNode, peer: Peer): Promise<ByteStream> {
  const opened = deferred<void>();
  server.handle('hold', async (stream) => {
    opened.resolve();
    await collect(stream);
  });
  const held = await peer.openStream('hold');
  await held.write(Uint8Array.of(1));
  await opened.promise;
  return held;
}
