import { beforeEach, expect, test, vi } from 'vitest';
import type { HostAndPort, NodeId } from '../../../src/identity/index.js';
import { PlacedElsewhere } from '../../../src/peer/call-routing.js';
import { peerClosed } from '../../../src/peer/closing-errors.js';
import type { PeerContext } from '../../../src/peer/context.js';
import type { JoinOwner } from '../../../src/peer/join.js';
import { JoinTable } from '../../../src/peer/join-table.js';
import type { PeerTable } from '../../../src/peer/peer-table.js';
import { PinTable } from '../../../src/peer/pin-table.js';
import { ManualRuntime } from '../support/manual-runtime.js';

/** Who answers, wherever somebody is called. */
const answering = vi.hoisted((): { id: string; endedBy: unknown } => ({ id: '', endedBy: null }));

vi.mock('../../../src/peer/join.js', () => ({
  Join: class {
    readonly hints = [];
    readonly #owner: JoinOwner;

    constructor(_context: unknown, _hosts: unknown, owner: JoinOwner) {
      this.#owner = owner;
    }

    async wait(): Promise<unknown> {
      this.#owner.onOver();
      const peer = this.#owner.peerOf(answering.id as NodeId);
      if (peer === null) throw new Error('it goes on');
      return { peer, association: { endedBy: answering.endedBy } };
    }
  },
}));

const [first, other] = ['a'.repeat(52), 'b'.repeat(52)];
/** As many hosts as one address names. */
const HOSTS = 64;
const host = (number: number): HostAndPort => ({ host: `10.0.${number >> 8}.${number & 255}`, port: 7_400 });
let table: JoinTable;
/** In which shard the found one lives. */
let place: 'here' | number | null;

beforeEach(() => {
  const peerOf = (id: NodeId): unknown => ({ id, closing: null, duplicate: null, associations: { current: null }, addHosts: () => {} });
  const peers: unknown = { get: peerOf, obtain: peerOf };
  answering.endedBy = null;
  place = 'here';
  const routing = { claimFound: () => place };
  const context: unknown = { runtime: new ManualRuntime(), closedBy: null, revocationOf: () => null, routing };
  table = new JoinTable(context as PeerContext, peers as PeerTable, new PinTable());
});

async function joinHosts(from: number, count: number): Promise<void> {
  await table.connect(
    Array.from({ length: count }, (_, index) => host(from + index)),
    undefined,
  );
}

test('of very many addresses that were joined the first are forgotten, and none before the bound', async () => {
  answering.id = first;
  for (let number = 0; number < 16_384; number += HOSTS) await joinHosts(number, HOSTS);
  answering.id = other;
  await expect(joinHosts(0, 1)).rejects.toMatchObject({ code: 'ERR_OSIER_PIN_MISMATCH', details: { pinned: first, found: other } });
  answering.id = first;
  await joinHosts(16_384, 1);
  answering.id = other;
  await expect(joinHosts(1, 1)).rejects.toMatchObject({ code: 'ERR_OSIER_PIN_MISMATCH', details: { pinned: first, found: other } });
  await joinHosts(0, 1);
});

test.each(['refused', 'limit', 'shutdown'] as const)('who turns a caller away after message 3, by %s, is not pinned', async (closeCode) => {
  answering.id = first;
  answering.endedBy = peerClosed('remote', closeCode, '');
  await expect(joinHosts(0, 1)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
  answering.id = other;
  answering.endedBy = null;
  await joinHosts(0, 1);
  answering.id = first;
  await expect(joinHosts(0, 1)).rejects.toMatchObject({ code: 'ERR_OSIER_PIN_MISMATCH', details: { pinned: other, found: first } });
});

test('while it is not known where a found node lives, the join goes on', async () => {
  answering.id = first;
  place = null;
  await expect(joinHosts(0, 1)).rejects.toThrow('it goes on');
  place = 'here';
  await joinHosts(0, 1);
});

test('who was found and lives in another shard is not pinned before it is connected there', async () => {
  answering.id = first;
  place = 1;
  await expect(joinHosts(0, 1)).rejects.toBeInstanceOf(PlacedElsewhere);
  answering.id = other;
  place = 'here';
  await joinHosts(0, 1);
});
