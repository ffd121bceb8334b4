import { beforeEach, expect, test } from 'vitest';
import { generateIdentity, type HostAndPort, type NodeAddress, type NodeId } from '../../../src/identity/index.js';
import type { OsierError } from '../../../src/index.js';
import { KeptPeers } from '../../../src/node/kept-peers.js';
import type { JoinTable, PeerContext, PeerTable } from '../../../src/peer/index.js';
import { noRoomForPeers } from '../../../src/shard/shard-errors.js';

const newId = async (): Promise<NodeId> => (await generateIdentity()).id;
const OWN = await newId();
const addressAt = async (port: number): Promise<NodeAddress & { id: NodeId }> => ({ id: await newId(), hosts: [{ host: '10.0.0.1', port }] });
const [one, two, three] = [await addressAt(1), await addressAt(2), await addressAt(3)];
const place: NodeAddress = { id: null, hosts: [{ host: '10.0.0.2', port: 4 }] };

let room: number;
/** Ids of those that are kept connected. */
let connected: Set<NodeId>;
let joined: number[];
let warnings: OsierError[];
let kept: KeptPeers;

beforeEach(() => {
  room = Number.POSITIVE_INFINITY;
  [connected, joined, warnings] = [new Set(), [], []];
  const made = new Set<NodeId>();
  const peerOf = (id: NodeId): unknown => ({
    addHosts: () => {},
    askById: () => {},
    keepConnected: () => connected.add(id),
    releaseConnection: () => connected.delete(id),
  });
  const peers = {
    get: (id: NodeId) => (made.has(id) ? peerOf(id) : undefined),
    obtain: (id: NodeId) => {
      if (!made.has(id) && made.size >= room) throw noRoomForPeers();
      made.add(id);
      return peerOf(id);
    },
    checkRoom: (ids: ReadonlySet<NodeId>) => {
      if (ids.size > room) throw noRoomForPeers();
    },
  } as unknown as PeerTable;
  const joins = {
    keep: ([host]: readonly HostAndPort[]) => joined.push(host?.port ?? 0),
    release: () => joined.pop(),
  } as unknown as JoinTable;
  const context = { id: OWN, closedBy: null, warn: (error: OsierError) => warnings.push(error) } as unknown as PeerContext;
  kept = new KeptPeers(context, peers, joins);
});

test.each(['all or none', 'those for which there is room'])(
  'nobody is connected to before the node begins, then those who were named last: %s',
  (which) => {
    const use = (addresses: readonly NodeAddress[]) => (which === 'all or none' ? kept.replace(addresses) : kept.replaceWithRoom(addresses));
    use([one, two]);
    use([two, three, place, { id: OWN, hosts: [] }]);
    expect([connected.size, joined]).toEqual([0, []]);
    kept.begin();
    expect([connected, joined]).toEqual([new Set([two.id, three.id]), [4]]);
    use([one]);
    expect([connected, joined]).toEqual([new Set([one.id]), []]);
  },
);

test('too many are refused before the node begins as well', () => {
  room = 1;
  kept.replace([one]);
  expect(() => kept.replace([one, two])).toThrow(expect.objectContaining({ code: 'ERR_OSIER_LIMIT' }));
  kept.begin();
  expect(connected).toEqual(new Set([one.id]));
});

test('those for which there is no room are told, and the others kept', () => {
  kept.begin();
  room = 2;
  expect(kept.replaceWithRoom([one, two, three, place])).toEqual([three]);
  expect([connected, joined]).toEqual([new Set([one.id, two.id]), [4]]);
});

test('those for which there is no room when the node begins are warned of', () => {
  room = 1;
  expect(kept.replaceWithRoom([one, two])).toEqual([]);
  kept.begin();
  expect(connected).toEqual(new Set([one.id]));
  expect(warnings.map(({ code }) => code)).toEqual(['ERR_OSIER_LIMIT']);
});
