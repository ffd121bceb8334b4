import type { HostAndPort, NodeId } from '../identity/index.js';

/** A message 1 as the engine's record carries it. */
export interface FirstMessage {
  readonly admissionKey: number;
  /** Path record, then datagram. Valid until the record is handled. */
  readonly message: Uint8Array;
  /** A cookie showed that its sender is at its address. */
  readonly proven: boolean;
}

/** In which of several shards peers live; of the shards of one node, each peer lives in one. */
export interface CallRouting {
  /** Whether this shard answers `caller`. If not, the message was handed over, or will be, or its sender has to call again. */
  answersHere(caller: NodeId, message: FirstMessage): boolean;
  /** Whether this shard would answer `caller`, as far as it knows; nothing else happens. */
  livesHere(caller: NodeId): boolean;
  /** As `answersHere`, for a message that does not tell who sent it. */
  greetsHere(message: FirstMessage): boolean;
  /**
   * Calls back when it is known whether somebody who joined from `remote` may live here. If not, the shard where it lives calls it, and the join is to be
   * forgotten.
   */
  claim(caller: NodeId, remote: HostAndPort, settle: (isHere: boolean) => void): void;
  /** Whether a peer that this node found by an address may live here; if not, in which shard it does. `null`: that is not known yet. */
  claimFound(id: NodeId): 'here' | number | null;
  /** The peer at an address that is to be kept connected, for `reason`, lives in another shard, which is to keep it. */
  keepElsewhere(found: PlacedElsewhere, hosts: readonly HostAndPort[], reason: string): void;
}

/** A join found a peer that lives in another shard. Nobody but this library sees it. */
export class PlacedElsewhere extends Error {
  readonly id: NodeId;
  readonly shard: number;

  constructor(id: NodeId, shard: number) {
    super(`${id} lives in shard ${shard}`);
    this.id = id;
    this.shard = shard;
  }
}
