import type { MessagePort } from 'node:worker_threads';
import { OsierError } from '../errors/index.js';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { NodeCore } from '../node/node-core.js';
import type { CallRouting, FirstMessage, MeshPeer } from '../peer/index.js';
import { type ShardBoot, shareOf } from './boot.js';
import type { ControlledShard } from './control.js';
import { ControlClient } from './control-client.js';
import { ControlPlane } from './control-plane.js';

/** How often places that are out of date are given up. */
const EXPIRY_INTERVAL_MS = 5_000;

/** This shard's part in placing peers: the table, or the way to it. One of several shards has it. */
export class HostControl implements ControlledShard {
  readonly routing: ControlPlane | ControlClient;
  /** Set before anything can be asked. */
  core: NodeCore | null = null;

  constructor({ index, shards, peersMax }: ShardBoot, nowMs: () => number, onKeptElsewhere: CallRouting['keepElsewhere']) {
    if (index > 0) {
      this.routing = new ControlClient(this);
      return;
    }
    const plane = new ControlPlane(this, peersMax, (shard) => shareOf(peersMax, shard, shards), nowMs, onKeptElsewhere);
    setInterval(() => plane.expire(), EXPIRY_INTERVAL_MS).unref();
    this.routing = plane;
  }

  /** Another shard runs. */
  attach(shard: number, port: MessagePort): void {
    this.routing.attach(shard, port);
  }

  /** Another shard is gone. */
  detach(shard: number): void {
    this.routing.detach(shard);
  }

  /** Of shard 0; see {@link ControlPlane.place}. */
  async place(id: NodeId, signal: AbortSignal): Promise<number | null> {
    return this.routing instanceof ControlPlane ? this.routing.place(id, signal) : null;
  }

  onMade({ id }: MeshPeer): void {
    this.routing.onMade(id);
  }

  onGone({ id }: Pick<MeshPeer, 'id'>): void {
    // One that gave way is told of late: its successor has the place then.
    if (!this.has(id)) this.routing.onGone(id);
  }

  // ---- for the routing ----

  has(id: NodeId): boolean {
    return this.core?.peers.get(id) !== undefined;
  }

  ids(): readonly NodeId[] {
    return this.core?.peers.values().map(({ id }) => id) ?? [];
  }

  handOver(shard: number, { admissionKey, message, proven }: FirstMessage): boolean {
    return this.core?.engine.handOver(shard, admissionKey, message, proven) ?? false;
  }

  callBack(id: NodeId, remote: HostAndPort): void {
    try {
      this.core?.peers.obtain(id).callBack(remote);
    } catch (error) {
      // There is no room: it is not called, and tries again. Or nobody is to call it.
      if (!OsierError.is(error, 'ERR_OSIER_LIMIT') && !OsierError.is(error, 'ERR_OSIER_REVOKED')) throw error;
    }
  }

  close(id: NodeId): void {
    void this.core?.peers.get(id)?.close({ timeoutMs: 0 });
  }

  onFault(cause: unknown): void {
    this.core?.onFault(cause);
  }
}
