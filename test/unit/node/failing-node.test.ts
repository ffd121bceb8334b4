import { Socket } from 'node:dgram';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { MeshNodeOptions } from '../../../src/api/node.js';
import { createDgramEngine } from '../../../src/engine/dgram-engine.js';
import type { BatchListener, Engine, EngineConfig } from '../../../src/engine/engine.js';
import { EventKind } from '../../../src/engine/events.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import { systemRuntime } from '../../../src/engine/system-runtime.js';
import { generateIdentity, generateNetworkSecret, type NodeId } from '../../../src/identity/index.js';
import { createMeshNode, type MeshNode } from '../../../src/node/mesh-node.js';
import { NodeCore } from '../../../src/node/node-core.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { FakeEngine } from '../support/fake-engine.js';
import { ManualRuntime } from '../support/manual-runtime.js';

const identities = [await generateIdentity(), await generateIdentity(), await generateIdentity()] as const;
let engine: FakeEngine & { closes: number };

class TestRuntime extends ManualRuntime {
  override createEngine = ((_config: EngineConfig, listener: BatchListener): Engine => {
    engine = Object.assign(new FakeEngine(null, listener), { closes: 0, close: () => void engine.closes++ });
    return engine;
  }) as never;
}

function start(options: Partial<MeshNodeOptions> = {}): Promise<MeshNode> {
  const network = { secret: generateNetworkSecret() };
  return createMeshNode({ identity: identities[0], network, ...options }, new TestRuntime() as Runtime);
}

const addressOf = ({ id }: { readonly id: NodeId }): string => `osier://${id}@192.0.2.1:9`;

describe('a node that fails', () => {
  let node: MeshNode;

  beforeEach(async () => {
    node = await start();
  });

  test('answers that it is closed, and why', async () => {
    const waiting = node.connect(addressOf(identities[1]), { timeoutMs: 0 });
    const closed = new Promise((resolve) => node.once('close', resolve));
    engine.tell({ kind: EventKind.engineFailed, bytes: new TextEncoder().encode('no memory') });
    const failure = await closed;
    expect(failure).toMatchObject({ code: 'ERR_OSIER_INTERNAL' });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED', cause: failure });
    await expect(node.connect(addressOf(identities[2]))).rejects.toMatchObject({ code: 'ERR_OSIER_NODE_CLOSED', cause: failure });
    expect(engine.closes).toBe(1);
  });

  test('says so also while it is closing', async () => {
    const closed = new Promise((resolve) => node.once('close', resolve));
    const closing = node.close();
    engine.tell({ kind: EventKind.engineFailed });
    expect(await closed).toMatchObject({ code: 'ERR_OSIER_INTERNAL' });
    expect(await closing).toEqual({ status: 'drained' });
  });
});

test('a node whose socket died keeps its last counters, and what it ran on', async () => {
  const bind = vi.spyOn(Socket.prototype, 'bind');
  const runtime: Runtime = { ...systemRuntime, createEngine: (config, listener) => createDgramEngine(config, listener, 'a test') };
  const options = { identity: identities[0], network: { secret: generateNetworkSecret() }, listen: 'udp://127.0.0.1:0' };
  const node = await createMeshNode(options, runtime);
  const socket = bind.mock.contexts[0] as Socket;
  bind.mockRestore();
  socket.emit('message', Buffer.alloc(64), { address: '127.0.0.1', port: 9, family: 'IPv4', size: 64 });
  const before = { stats: node.stats(), info: node.info() };
  expect(before.stats).toMatchObject({ packetsReceived: 1n, bytesReceived: 64n });
  const closed = new Promise((resolve) => node.once('close', resolve));
  for (let error = 0; error < 100; error++) socket.emit('error', new Error('the cable is gone'));
  expect(await closed).toMatchObject({ code: 'ERR_OSIER_INTERNAL' });
  expect({ stats: node.stats(), info: node.info() }).toEqual(before);
});

test('a node that cannot keep all its peers does not start, and leaves nothing open', async () => {
  const peers = [addressOf(identities[1]), addressOf(identities[2])];
  await expect(start({ peers, limits: { peers: 1 } })).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
  expect(engine.closes).toBe(1);
});

test('calls that had no effect leave no peer behind', async () => {
  const node = await start({ limits: { peers: 1 } });
  const [, one, other] = identities;
  const bad = { signal: 'none' as unknown as AbortSignal };
  await expect(node.connect(one.id)).rejects.toMatchObject({ code: 'ERR_OSIER_UNREACHABLE' });
  await expect(node.connect(addressOf(one), bad)).rejects.toMatchObject({ details: { option: 'signal' } });
  await expect(node.connect(addressOf(one), { timeoutMs: -1 })).rejects.toMatchObject({ details: { option: 'timeoutMs' } });
  await expect(node.connect(addressOf(one), { signal: AbortSignal.abort(new Error('early')) })).rejects.toThrow('early');
  // The name does not resolve; at the limit of one peer it would not come to that.
  await expect(node.connect(addressOf(other))).rejects.toMatchObject({ code: 'ERR_OSIER_UNRESOLVED' });
});

test('an id that nobody knows is not remembered', async () => {
  const options = parseNodeOptions({ identity: identities[0], network: { secret: generateNetworkSecret() } });
  const core = await NodeCore.start(options, new TestRuntime() as Runtime);
  await expect(core.connect(identities[1].id, undefined)).rejects.toMatchObject({ code: 'ERR_OSIER_UNREACHABLE' });
  expect(core.peers.values()).toEqual([]);
});

test('a bad option of close rejects', async () => {
  const node = await start();
  await expect(node.close({ timeoutMs: -1 })).rejects.toMatchObject({ details: { option: 'timeoutMs' } });
  await expect(node.handle('x', () => {}).close({ timeoutMs: -1 })).rejects.toMatchObject({ details: { option: 'timeoutMs' } });
});
