/** What a shard is started with: plain data, and how it becomes a node's options again. */
import type { MeshNodeOptions } from '../api/node.js';
import type { SocketAddress } from '../api/peers.js';
import type { NodeInfo } from '../api/stats.js';
import type { Logger } from '../api/waiting.js';
import type { RekeyIntervals } from '../engine/runtime.js';
import { identityOfSeed } from '../identity/index.js';
import type { ListenAddress, ParsedNodeOptions } from '../node/options.js';

/** The options that cross as they are. */
type PlainOptions = Pick<
  ParsedNodeOptions,
  'advertise' | 'keepAliveMs' | 'idleTimeoutMs' | 'peerLostAfterMs' | 'cipher' | 'congestion' | 'limits' | 'shards' | 'shardData'
>;

/** See the file's head. */
export interface ShardBoot extends PlainOptions {
  readonly index: number;
  /** Other shards listen on the same addresses. */
  readonly sharesPort: boolean;
  readonly instance: string;
  /** Whoever knows it is the node. */
  readonly seed: Uint8Array;
  readonly networkSecrets: readonly Uint8Array[];
  readonly listen: readonly ListenAddress[] | null;
  /** Callers are to be asked for on the main thread. */
  readonly asks: boolean;
  /** Somebody reads the log. */
  readonly logs: boolean;
  readonly handlers: string | null;
  /** Protocols that have a handler on the main thread. */
  readonly handled: readonly string[];
  readonly rekeyIntervals: RekeyIntervals | null;
  /** Of `NodeCounters.read`. */
  readonly counters: SharedArrayBuffer;
}

/** What a shard tells when it has started. */
export interface StartedShard {
  readonly sockets: readonly SocketAddress[];
  readonly info: NodeInfo;
}

/** The part of the options that a shard gets, whichever it is. */
export function plainOptionsOf(options: ParsedNodeOptions, shards: number): PlainOptions {
  const { advertise, keepAliveMs, idleTimeoutMs, peerLostAfterMs, cipher, congestion, limits, shardData } = options;
  // Each shard has its part of the memory; the number of peers is bounded where they are placed.
  const memoryBytes = Math.floor(limits.memoryBytes / shards);
  return { advertise, keepAliveMs, idleTimeoutMs, peerLostAfterMs, cipher, congestion, limits: { ...limits, memoryBytes }, shards, shardData };
}

/** The options of the node in the shard. */
export function optionsOf(boot: ShardBoot, accept: MeshNodeOptions['accept'], logger: Logger | null): ParsedNodeOptions {
  const { seed, networkSecrets, listen, advertise, keepAliveMs, idleTimeoutMs, peerLostAfterMs, cipher, congestion, limits } = boot;
  return {
    identity: identityOfSeed(Uint8Array.from(seed)),
    network: { kind: 'secrets', secrets: networkSecrets },
    listen,
    advertise,
    peers: [],
    accept,
    keepAliveMs,
    idleTimeoutMs,
    peerLostAfterMs,
    cipher,
    congestion,
    limits,
    shards: 0,
    handlers: null,
    shardData: undefined,
    logger,
    tracing: null,
  };
}
