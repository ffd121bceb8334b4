import type { ObserverTap } from '../observe/index.js';
import type { CallRouting, MeshPeer, PeerContext, PinTable } from '../peer/index.js';
import type { IncomingStream } from './serve-stream.js';

/** What is different in a node that is one shard of several, or the only one, in a thread of its own. */
export interface ShardRole {
  /** The top byte of its receiver indices. */
  readonly index: number;
  readonly shards: number;
  /** The instance id of all shards together, in hex. */
  readonly instance: string;
  /** Under which the shards of one node leave packets for one another; `null` where there is one only. */
  readonly group: bigint | null;
  readonly routing: CallRouting | null;
  /** What the shard before it had found, and is to find again. */
  readonly pins: PinTable;
  /** Hears what the main thread is to hear. */
  readonly tap: ObserverTap;
  /** Takes a stream whose protocol has no handler in this shard. */
  forward(context: PeerContext, incoming: IncomingStream): void;
  /** A handler in this shard is about to get a stream, and may not give the thread back. */
  beforeHandling(): void;
  onMade(peer: MeshPeer): void;
  /** The peer was closed, or never came to anything. */
  onGone(peer: MeshPeer): void;
}
