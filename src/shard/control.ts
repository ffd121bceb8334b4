/** What shards tell one another about where peers live. Types, and what both ends do alike. */
import type { MessagePort } from 'node:worker_threads';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { FirstMessage } from '../peer/index.js';

/** Messages and questions that wait for the other end of a port, about 1.5 KiB each: as many as may wait to be handed over. More are dropped, and their senders try again. */
export const UNANSWERED_MAX = 1_024;

/** From a shard to shard 0, which has the table. */
export type ToControl =
  /** Who is here; the first word on a new port. */
  | { readonly op: 'roster'; readonly ids: readonly NodeId[] }
  | { readonly op: 'arrived'; readonly id: NodeId }
  | { readonly op: 'left'; readonly id: NodeId }
  /** Who joined here from `remote` is to live here. */
  | { readonly op: 'claim'; readonly claim: number; readonly id: NodeId; readonly remote: HostAndPort }
  /** To `place`. */
  | { readonly op: 'placed'; readonly place: number };

/** From shard 0 to another. */
export type FromControl =
  /** The id lives there from now on. */
  | { readonly op: 'place'; readonly place: number; readonly id: NodeId }
  /** It never came: it may be placed elsewhere. */
  | { readonly op: 'withdraw'; readonly id: NodeId }
  | { readonly op: 'claimed'; readonly claim: number; readonly isThere: boolean }
  /** A peer that lives there joined another shard from `remote`. */
  | { readonly op: 'callBack'; readonly id: NodeId; readonly remote: HostAndPort }
  /** A peer that is there lives in another shard. */
  | { readonly op: 'close'; readonly id: NodeId };

/** What placing needs of the shard that it happens in. */
export interface ControlledShard {
  has(id: NodeId): boolean;
  ids(): readonly NodeId[];
  /** See `Engine.handOver`. */
  handOver(shard: number, message: FirstMessage): boolean;
  /** Calls a peer at the address that it joined from. */
  callBack(id: NodeId, remote: HostAndPort): void;
  /** Ends a peer that lives in another shard. */
  close(id: NodeId): void;
  /** Something threw that should not have. */
  onFault(cause: unknown): void;
}

/** Listens to a port that keeps no thread alive; what listening throws is a fault of this library. */
export function listenTo<M>(port: MessagePort, shard: ControlledShard, hear: (message: M) => void): void {
  port.on('message', (message: M) => {
    try {
      hear(message);
    } catch (cause) {
      shard.onFault(cause);
    }
  });
  port.unref();
}

/** The message, to be handed over later. */
export function kept({ admissionKey, message, proven }: FirstMessage): FirstMessage {
  return { admissionKey, message: message.slice(), proven };
}
