import { describe, expect, test } from 'vitest';
import { formatAddress, generateIdentity, generateNetworkSecret, OsierError, type Peer, parseAddress } from '../../src/index.js';
import { directRemote } from '../support/direct-remote.js';
import { nextEvent, startConnected, startNode, startTwo } from './support/nodes.js';

describe('connecting', () => {
  test('an address with an id leads to the peer of that id', async () => {
    const { server, client } = await startTwo();
    const seen = nextEvent(client, 'peer');
    const peer = await client.connect(server.address);
    expect(peer.id).toBe(server.id);
    expect(peer.state.status).toBe('connected');
    expect(directRemote(peer.path)?.host).toBe('127.0.0.1');
    expect(client.peers.get(server.id)).toBe(peer);
    expect(await seen).toEqual([peer]);
  });

  test('the called node knows its caller as well, and can open streams to it', async () => {
    const { server, client } = await startTwo();
    client.handle('greet', (stream) => stream.write(new TextEncoder().encode('hi')));
    const seen = nextEvent(server, 'peer');
    await client.connect(server.address);
    const [caller] = (await seen) as [Peer];
    expect(caller.id).toBe(client.id);
    const stream = await caller.openStream('greet');
    const into = new Uint8Array(8);
    expect(await stream.read(into)).toBe(2);
  });

  test('a bare id is enough once the peer is connected', async () => {
    const { client, peer } = await startConnected();
    expect(await client.connect(peer.id)).toBe(peer);
  });

  test('calls at the same time share one peer and one attempt', async () => {
    const { server, client } = await startTwo();
    const peers = await Promise.all([client.connect(server.address), client.connect(server.address), client.connect(server.address)]);
    expect(new Set(peers).size).toBe(1);
    expect(client.stats().handshakesCompleted).toBe(1n);
  });

  test('both ends at once come to one connection each, and streams flow both ways', async () => {
    const { server: one, client: other } = await startTwo();
    for (const node of [one, other]) node.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    const [toOther, toOne] = await Promise.all([one.connect(other.address), other.connect(one.address)]);
    for (const peer of [toOther, toOne]) {
      await using stream = await peer.openStream('echo');
      await stream.write(Uint8Array.of(1, 2, 3));
      const into = new Uint8Array(3);
      expect(await stream.read(into)).toBe(3);
      await stream.end();
    }
    expect(one.stats().peersConnected).toBe(1);
    expect(other.stats().peersConnected).toBe(1);
  });

  test('the first host that answers wins, whatever else the address names', async () => {
    const { server, client } = await startTwo();
    const { id, hosts } = parseAddress(server.address);
    const address = formatAddress({ id, hosts: [{ host: 'no-such-host.invalid', port: 1 }, { host: '127.0.0.1', port: 9 }, ...hosts] });
    const peer = await client.connect(address);
    expect(directRemote(peer.path)?.port).toBe(hosts[0]?.port);
  });

  test('a node that listens on all addresses is reached at each that it announces', async () => {
    const network = { secret: generateNetworkSecret() };
    const server = await startNode({ network, listen: undefined });
    const client = await startNode({ network, listen: undefined });
    for (const host of parseAddress(server.address).hosts) {
      const peer = await client.connect(formatAddress({ id: server.id, hosts: [host] }));
      expect(directRemote(peer.path)?.port).toBe(host.port);
      await peer.close();
    }
  });
});

describe('a connection that cannot be', () => {
  const deadline = { timeoutMs: 600 };

  async function failureOf(attempt: Promise<unknown>): Promise<OsierError> {
    const outcome = await attempt.then(
      () => null,
      (error: unknown) => error,
    );
    if (!OsierError.is(outcome)) throw new Error('it did not fail with an OsierError', { cause: outcome });
    return outcome;
  }

  test('nobody there, a wrong key and a wrong secret look alike: one time-out that lists the causes', async () => {
    const { server, client } = await startTwo();
    const stranger = await startNode({ network: { secret: generateNetworkSecret() } });
    const { hosts } = parseAddress(server.address);
    const other = await generateIdentity();
    const failures = await Promise.all([
      failureOf(client.connect(formatAddress({ id: other.id, hosts: [{ host: '127.0.0.1', port: 9 }] }), deadline)),
      failureOf(client.connect(formatAddress({ id: (await generateIdentity()).id, hosts }), deadline)),
      failureOf(stranger.connect(server.address, deadline)),
    ]);
    for (const failure of failures) {
      expect(failure.code).toBe('ERR_OSIER_TIMEOUT');
      expect(failure.details).toEqual({ timeoutMs: 600, hints: [] });
      for (const cause of ['not running', 'firewall', 'secrets differ', 'another id']) expect(failure.message).toContain(cause);
    }
    expect(client.peers.size).toBe(0);
  });

  test('an unknown bare id is unreachable, an unknown name unresolved, nonsense a bad address', async () => {
    const { client } = await startTwo();
    const { id } = await generateIdentity();
    expect((await failureOf(client.connect(id))).code).toBe('ERR_OSIER_UNREACHABLE');
    const unresolved = await failureOf(client.connect(`osier://${id}@no-such-host.invalid:7400`));
    expect(unresolved.code).toBe('ERR_OSIER_UNRESOLVED');
    expect(unresolved.details).toEqual({ hosts: ['no-such-host.invalid'] });
    expect(unresolved.cause).toBeInstanceOf(Error);
    expect((await failureOf(client.connect(client.address))).code).toBe('ERR_OSIER_BAD_ADDRESS');
    expect((await failureOf(client.connect('nonsense'))).code).toBe('ERR_OSIER_BAD_ADDRESS');
  });

  test('a policy that says no is told to the caller, authentically', async () => {
    const { server, client } = await startTwo({ server: { accept: ({ id }) => id === 'somebody else' } });
    const failure = await failureOf(client.connect(server.address));
    expect(failure.code).toBe('ERR_OSIER_REFUSED');
    expect(failure.details).toEqual({ why: 'policy' });
  });

  test('a policy that throws refuses, and the operator hears of it', async () => {
    const cause = new Error('no database');
    const { server, client } = await startTwo({ server: { accept: () => Promise.reject(cause) } });
    const warned = nextEvent(server, 'warning');
    expect((await failureOf(client.connect(server.address))).code).toBe('ERR_OSIER_REFUSED');
    expect(await warned).toMatchObject([{ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'accept' }, cause }]);
  });

  test('a policy that takes its time delays nobody but the caller', async () => {
    const { server, client } = await startTwo({ server: { accept: () => new Promise((resolve) => setImmediate(resolve, true)) } });
    expect((await client.connect(server.address)).id).toBe(server.id);
  });

  test('an abort ends the wait with its reason', async () => {
    const { client } = await startTwo();
    const { id } = await generateIdentity();
    const reason = new Error('changed my mind');
    const controller = new AbortController();
    const attempt = client.connect(`osier://${id}@127.0.0.1:9`, { signal: controller.signal });
    controller.abort(reason);
    await expect(attempt).rejects.toBe(reason);
    await expect(client.connect(`osier://${id}@127.0.0.1:9`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300])('a time-out of %s is refused at the call', async (timeoutMs) => {
    const { client } = await startTwo();
    const failure = await failureOf(client.connect((await generateIdentity()).id, { timeoutMs }));
    expect(failure.code).toBe('ERR_OSIER_INVALID_OPTION');
    expect(failure.details).toEqual({ option: 'timeoutMs' });
  });
});
