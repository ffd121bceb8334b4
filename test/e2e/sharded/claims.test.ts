/** Two shards without threads, on ports of their own: what a shard does with a join whose other end lives in another. */
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import { systemRuntime } from '../../../src/engine/system-runtime.js';
import { formatAddress, generateIdentity, type Identity, type NodeId, parseAddress } from '../../../src/index.js';
import { NodeCore } from '../../../src/node/node-core.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import type { ShardRole } from '../../../src/node/shard-role.js';
import { type CallRouting, PinTable, PlacedElsewhere } from '../../../src/peer/index.js';
import { network, start } from './support.js';

const EVERYWHERE: CallRouting = {
  answersHere: () => true,
  livesHere: () => true,
  greetsHere: () => true,
  claim: (_id, _remote, settle) => settle(true),
  claimFound: () => 'here',
  keepElsewhere: () => {},
};

/** An engine, and the indices that it had somebody take and give back. */
function watched(engine: Engine, reserved: number[], released: number[]): Engine {
  const instead: Partial<Engine> = {
    reserveIndex: (mac1Key) => {
      const index = engine.reserveIndex(mac1Key);
      reserved.push(index);
      return index;
    },
    releaseIndex: (index) => {
      released.push(index);
      engine.releaseIndex(index);
    },
  };
  const get = (_target: unknown, name: keyof Engine): unknown => {
    const value = instead[name] ?? engine[name];
    return typeof value === 'function' ? value.bind(engine) : value;
  };
  return new Proxy({} as Engine, { get: get as ProxyHandler<Engine>['get'] & {} });
}

/** A shard that places peers as `routing` says; `made` tells the peers that it ever had; `reserved` and `released`, indices. */
async function shard(identity: Identity, index: number, routing: Partial<CallRouting> = {}) {
  const made: NodeId[] = [];
  const [reserved, released]: [number[], number[]] = [[], []];
  const createEngine: Runtime['createEngine'] = (config, listener) => watched(systemRuntime.createEngine(config, listener), reserved, released);
  const role: ShardRole = {
    index,
    shards: 2,
    instance: '5'.repeat(32),
    group: null,
    routing: { ...EVERYWHERE, ...routing },
    pins: new PinTable(),
    tap: { onHandshake: () => {}, onState: () => {}, onPath: () => {}, onRoute: () => {} },
    forward: () => {},
    beforeHandling: () => {},
    onMade: ({ id }) => void made.push(id),
    onGone: () => {},
  };
  const core = await NodeCore.start(parseNodeOptions({ identity, network, listen: 'udp://127.0.0.1:0' }), { ...systemRuntime, createEngine }, role);
  onTestFinished(async () => void (await core.close({ timeoutMs: 0 })));
  core.answer();
  return { core, made, reserved, released };
}

const hostsOf = (address: string) => parseAddress(address).hosts;
const placeOf = (address: string): string => formatAddress({ id: null, hosts: hostsOf(address) });

test('who joins where it may not live leaves nothing there, and is called from where it lives', async () => {
  const identity = await generateIdentity();
  const home = await shard(identity, 1);
  const asked: NodeId[] = [];
  const asking = await shard(identity, 0, {
    claim: (id, remote, settle) => {
      asked.push(id);
      settle(false);
      home.core.peers.obtain(id).callBack(remote);
    },
  });
  const client = await start();
  const peer = await client.connect(placeOf(asking.core.address), { timeoutMs: 10_000 });
  expect([peer.id, peer.state.status]).toEqual([identity.id, 'connected']);
  expect(new Set(asked)).toEqual(new Set([client.id]));
  expect([asking.made, asking.core.peers.values()]).toEqual([[], []]);
  expect(asking.reserved.length).toBeGreaterThan(0);
  expect(asking.released).toEqual(asking.reserved);
  expect(home.core.peers.get(client.id)?.state.status).toBe('connected');
});

test('who is found where it may not live leaves nothing there, and the one that asked is told where to dial by id', async () => {
  const identity = await generateIdentity();
  const [home, asking] = [await shard(identity, 1), await shard(identity, 0, { claimFound: () => 1 })];
  const other = await start();
  const finding = asking.core.connecting.connectTo({ id: null, hosts: hostsOf(other.address) }, { byId: false, keep: null }, {});
  const found = await finding.catch((error: unknown) => error);
  expect(found).toBeInstanceOf(PlacedElsewhere);
  expect(found).toMatchObject({ id: other.id, shard: 1 });
  expect([asking.made, asking.core.peers.values(), other.peers.size]).toEqual([[], [], 0]);
  expect(new Set(asking.released)).toEqual(new Set(asking.reserved));
  const dialed = await home.core.connecting.connectTo({ id: other.id, hosts: hostsOf(other.address) }, { byId: false, keep: null }, {});
  expect([dialed.state.status, dialed.verified]).toEqual(['connected', 'network']);
});
