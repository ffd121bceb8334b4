import type { Threads } from '../../../../src/engine/runtime.js';
import { identityOfSeed, type NodeId, VerifiedSignatures } from '../../../../src/identity/index.js';
import { type SignedAnnouncement, signAnnouncement } from '../../../../src/mesh/announcements/announcement.js';
import { AnnouncementStore, type AnnouncementStoreOwner } from '../../../../src/mesh/announcements/announcement-store.js';
import type { TableBounds } from '../../../../src/mesh/announcements/announcement-table.js';
import { ManualRuntime } from '../../support/manual-runtime.js';

/** The identity number `number`. */
export function identity(number: number): ReturnType<typeof identityOfSeed> {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  return identityOfSeed(seed);
}

/** What number `number` announces. */
export function announced(number: number, sequence: number, port = 7_400, lifetimeSeconds = 600): SignedAnnouncement {
  const hosts = [{ host: '192.0.2.1', port }];
  return signAnnouncement(identity(number), { instance: '00'.repeat(16), sequence, lifetimeSeconds, isRelay: false, hosts, extensions: [] });
}

/** Names of neighbours. */
export const [ANNA, BERT] = [identity(1_001).id, identity(1_002).id];

/** A runtime with threads. */
export interface ThreadedRuntime extends ManualRuntime {
  createThreads?: (module: URL, data: unknown) => Threads | null;
}

/** A store whose owner notes what it is told. */
export class StoreFixture {
  readonly runtime: ThreadedRuntime = new ManualRuntime();
  readonly told: string[] = [];
  readonly verified = new VerifiedSignatures();
  readonly kept = new Set<NodeId>();
  readonly revoked = new Set<NodeId>();
  own: SignedAnnouncement | null = null;
  readonly store: AnnouncementStore;

  constructor(bounds?: TableBounds) {
    const fixture = this;
    const owner: AnnouncementStoreOwner = {
      id: identity(0).id,
      get own() {
        return fixture.own;
      },
      runtime: this.runtime,
      verified: this.verified,
      isProtected: (id) => this.kept.has(id),
      isRevoked: (id) => this.revoked.has(id),
      onBelieved: ({ announcement }, before) =>
        this.told.push(`believed ${numberOf(announcement.id)}/${announcement.sequence} after ${before?.announcement.sequence ?? 'none'}`),
      onEnded: ({ announcement }, cause) => this.told.push(`${cause} ${numberOf(announcement.id)}/${announcement.sequence}`),
      onOwnHeard: (sequence) => this.told.push(`own ${sequence}`),
      onOutdated: (neighbour, { announcement }) => this.told.push(`outdated ${numberOf(neighbour)}, known ${announcement.sequence}`),
      onBadBytes: (neighbour) => this.told.push(`bad bytes of ${numberOf(neighbour)}`),
      onThreadsFailed: (cause) => this.told.push(`threads failed: ${cause}`),
      onFault: (cause) => this.told.push(`fault: ${cause}`),
    };
    this.store = new AnnouncementStore(owner, bounds);
  }

  /** Gives the store these, and waits until they are verified. */
  async receive(from: NodeId, ...all: readonly (SignedAnnouncement | Uint8Array)[]): Promise<void> {
    for (const one of all) this.store.receive(one instanceof Uint8Array ? one : one.bytes, from);
    await this.runtime.advance(0);
  }

  /** What was told since this was read last. */
  news(): string[] {
    return this.told.splice(0);
  }
}

const NUMBERS = new Map([...Array(60).keys(), 1_001, 1_002].map((number) => [identity(number).id, number]));

function numberOf(id: NodeId): number | string {
  return NUMBERS.get(id) ?? id;
}
