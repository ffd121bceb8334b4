/** What the main thread and a shard tell one another: arrays of entries, in order. Types only; errors inside are packed (error-codec.ts). */
import type { MessagePort } from 'node:worker_threads';
import type { StreamStats } from '../api/stats.js';
import type { Logger } from '../api/waiting.js';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { EncodedError } from './error-codec.js';

/** Of one stream, from the thread of its application to the shard. */
export type StreamOrder =
  | { readonly op: 'write'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly op: 'send'; readonly stream: number; readonly bytes: Uint8Array; readonly heads: Float64Array }
  | { readonly op: 'finish'; readonly stream: number }
  /** Asks for `flushed` when all before it is acknowledged. */
  | { readonly op: 'watch'; readonly stream: number }
  | { readonly op: 'reset'; readonly stream: number; readonly reason: number; readonly code: number }
  | { readonly op: 'stop'; readonly stream: number; readonly code: number }
  | { readonly op: 'priority'; readonly stream: number; readonly priority: number }
  /** The application took so much of what came. */
  | { readonly op: 'credit'; readonly stream: number; readonly bytes: number }
  /** Both directions have ended there; `stats` is `null` of a stream that was refused. */
  | { readonly op: 'over'; readonly stream: number; readonly error: EncodedError | null; readonly stats: StreamStats | null };

/** What is known of a stream in the shard, at the time of the entry that carries it. */
export interface StreamTold {
  readonly acknowledgedBytes: bigint;
  readonly receivedBytes: bigint;
  readonly delivered: bigint;
  readonly expired: bigint;
  readonly unknown: bigint;
  readonly dropped: bigint;
  readonly maxDatagramBytes: number;
}

/** Of one stream, from the shard to the thread of its application. */
export type StreamNews =
  /** `lengths`: of messages, back to back; `null` for bytes. */
  | { readonly op: 'data'; readonly stream: number; readonly bytes: Uint8Array; readonly lengths: Uint32Array | null; readonly end: boolean }
  /** The engine took so much of what was sent. */
  | { readonly op: 'accepted'; readonly stream: number; readonly bytes: number; readonly told: StreamTold }
  | { readonly op: 'counted'; readonly stream: number; readonly told: StreamTold }
  | { readonly op: 'finished'; readonly stream: number; readonly expired: number; readonly told: StreamTold }
  | { readonly op: 'flushed'; readonly stream: number; readonly told: StreamTold }
  | { readonly op: 'settled'; readonly stream: number; readonly fates: Uint32Array }
  | {
      readonly op: 'wasReset';
      readonly stream: number;
      readonly reason: number;
      readonly code: number;
      readonly sizeBytes: number;
      readonly told: StreamTold;
    }
  | { readonly op: 'wasStopped'; readonly stream: number; readonly reason: number; readonly code: number; readonly told: StreamTold }
  | { readonly op: 'closed'; readonly stream: number; readonly droppedMessages: number }
  /** The association ended: nothing follows. */
  | { readonly op: 'lost'; readonly stream: number; readonly error: EncodedError; readonly told: StreamTold }
  /** The shard gave the stream up: nothing follows. */
  | { readonly op: 'givenUp'; readonly stream: number; readonly error: EncodedError; readonly told: StreamTold };

/** What the main thread asks a shard for; each is answered once. */
export interface ShardCalls {
  connect: {
    readonly args: {
      readonly target: string;
      readonly byId: boolean;
      readonly keep: string | null;
      readonly via: string | null;
      readonly timeoutMs: number | undefined;
    };
    /** A peer's key, or the id that a join found and that lives in another shard. */
    readonly value: { readonly peer: number; readonly verified: 'id' | 'network' } | { readonly elsewhere: NodeId; readonly shard: number };
  };
  openStream: {
    readonly args: {
      readonly peer: number;
      readonly kind: number;
      readonly priority: number;
      readonly protocolBytes: Uint8Array;
      readonly protocol: string;
      readonly metadataBytes: Uint8Array;
      readonly timeoutMs: number | undefined;
    };
    readonly value: { readonly stream: number; readonly told: StreamTold };
  };
  /** Keeps a peer connected from now on, for `reason`; the value is its key. */
  keep: { readonly args: { readonly target: string; readonly byId: boolean; readonly reason: string }; readonly value: { readonly peer: number } };
  /** Of shard 0: where an id lives, or is to. `null`: there is no room. */
  place: { readonly args: { readonly id: NodeId }; readonly value: number | null };
  /** Its sockets are open. */
  alive: { readonly args: Readonly<Record<string, never>>; readonly value: null };
  /** See `Engine.steer`. */
  steer: { readonly args: { readonly order: readonly number[] }; readonly value: null };
  ping: { readonly args: { readonly peer: number; readonly timeoutMs: number | undefined }; readonly value: number };
  /** The value is a {@link TraceResult}. */
  trace: { readonly args: { readonly peer: number; readonly timeoutMs: number | undefined }; readonly value: unknown };
  closePeer: { readonly args: { readonly peer: number; readonly timeoutMs: number; readonly reason: string }; readonly value: unknown };
  release: { readonly args: { readonly peer: number; readonly reason: string }; readonly value: null };
  /** Keeps these peers connected, and those of before no longer. `isWhole`: all of them or none; otherwise the value is those for which there is no room. */
  keepPeers: { readonly args: { readonly peers: readonly string[]; readonly isWhole: boolean }; readonly value: readonly string[] };
  /** Secrets that are `null` stay. The statements are the operator's. */
  reload: { readonly args: { readonly secrets: readonly Uint8Array[] | null; readonly statements: readonly Uint8Array[] }; readonly value: null };
  /** Of shard 0: the peer that it found at an address, and that lives in another shard, is closed. */
  goneElsewhere: { readonly args: { readonly target: string }; readonly value: null };
  close: { readonly args: { readonly timeoutMs: number; readonly reason: string }; readonly value: unknown };
}

/** The name of a call. */
export type CallName = keyof ShardCalls;

/** From the main thread to a shard. */
export type ToShard =
  | StreamOrder
  | { readonly op: 'call'; readonly call: number; readonly name: CallName; readonly args: unknown }
  | { readonly op: 'cancel'; readonly call: number }
  /** Callers are to be answered. */
  | { readonly op: 'begin' }
  /** A shard runs, and what leads to it. */
  | { readonly op: 'control'; readonly shard: number; readonly port: MessagePort }
  | { readonly op: 'shardGone'; readonly shard: number }
  /** To `ask`: whether the application admits a caller. */
  | { readonly op: 'admit'; readonly ask: number; readonly admitted: boolean; readonly error: unknown }
  /** The counters of a peer that is gone are not looked at any more. */
  | { readonly op: 'forgotten'; readonly peer: number }
  /** A peer that was found at these hosts and lives elsewhere is connected: no other may be there from now on. */
  | { readonly op: 'pin'; readonly hosts: readonly HostAndPort[]; readonly id: NodeId }
  /** A neighbour of another shard told a statement. */
  | { readonly op: 'statement'; readonly bytes: Uint8Array; readonly from: NodeId }
  /** A protocol has a handler on the main thread, or has none any more. */
  | { readonly op: 'handled'; readonly protocol: string; readonly handled: boolean };

/** From a shard to the main thread. */
export type FromShard =
  | StreamNews
  /** The sockets are bound, the last of all shards so far. */
  | { readonly op: 'bound' }
  | { readonly op: 'started'; readonly facts: unknown }
  | { readonly op: 'notStarted'; readonly error: EncodedError; readonly byModule: boolean }
  /** The node in the shard ended by a failure. */
  | { readonly op: 'failed'; readonly error: EncodedError }
  | { readonly op: 'reply'; readonly call: number; readonly value: unknown }
  | { readonly op: 'refusal'; readonly call: number; readonly error: unknown }
  /** There is another peer; `slot` says where its counters lie, in which block of shared memory. */
  | { readonly op: 'peer'; readonly peer: number; readonly id: NodeId; readonly block: SharedArrayBuffer; readonly slot: number }
  | { readonly op: 'state'; readonly peer: number; readonly state: unknown; readonly verified: 'id' | 'network' }
  | { readonly op: 'path'; readonly peer: number; readonly change: unknown }
  | { readonly op: 'known'; readonly peer: number; readonly verified: 'id' | 'network' }
  | { readonly op: 'gone'; readonly peer: number }
  | { readonly op: 'handshake'; readonly report: unknown }
  | { readonly op: 'route'; readonly change: unknown }
  | { readonly op: 'log'; readonly level: keyof Logger; readonly fields: unknown; readonly message: string }
  | { readonly op: 'warning'; readonly error: EncodedError }
  | { readonly op: 'ask'; readonly ask: number; readonly candidate: unknown }
  | {
      readonly op: 'opened';
      readonly stream: number;
      readonly peer: number;
      readonly kind: number;
      readonly head: Uint8Array;
      readonly told: StreamTold;
    }
  | { readonly op: 'handled'; readonly protocol: string; readonly handled: boolean }
  /** A neighbour told a statement that was not known here. */
  | { readonly op: 'statement'; readonly bytes: Uint8Array; readonly from: NodeId }
  /** A peer that was found by an address, and is to be kept connected, lives elsewhere. */
  | { readonly op: 'keptElsewhere'; readonly id: NodeId; readonly hosts: readonly HostAndPort[]; readonly reason: string }
  /** A peer was found at these hosts, and no other may be there from now on. */
  | { readonly op: 'pinned'; readonly hosts: readonly HostAndPort[]; readonly id: NodeId }
  | { readonly op: 'info'; readonly info: unknown };
