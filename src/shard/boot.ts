/** What a shard is started with: plain data, and how it becomes a node's options again. */
import type { MeshNodeOptions } from '../api/node.js';
import type { SocketAddress } from '../api/peers.js';
import type { NodeInfo } from '../api/stats.js';
import type { Logger } from '../api/waiting.js';
import type { RekeyIntervals, Runtime } from '../engine/runtime.js';
import { INSTANCE_BYTES } from '../handshake/index.js';
import { identityOfSeed, type NodeId, seedOf } from '../identity/index.js';
import { StatementStore, type Teller } from '../mesh/statements/statement-store.js';
import type { Credentials } from '../node/credentials.js';
import { COUNTER_WORDS } from '../node/node-counters.js';
import type { ListenAddress, ParsedNodeOptions } from '../node/options.js';
import type { Pin } from '../peer/index.js';
import { memoryPartsOf } from './crossing-budget.js';
import { listenAddressOf, type ShardPlan } from './shard-plan.js';

/** The options that cross as they are. */
type PlainOptions = Pick<
  ParsedNodeOptions,
  | 'advertise'
  | 'relay'
  | 'liveness'
  | 'cacheFile'
  | 'keepAliveMs'
  | 'idleTimeoutMs'
  | 'peerLostAfterMs'
  | 'spinMicros'
  | 'cipher'
  | 'congestion'
  | 'limits'
  | 'shards'
  | 'shardData'
>;

/** A statement, and who told it. */
export interface KnownStatement {
  readonly bytes: Uint8Array;
  readonly from: Teller;
}

/** See the file's head. */
export interface ShardBoot extends PlainOptions {
  readonly index: number;
  /** Of all shards together. */
  readonly peersMax: number;
  /** What may be on its way from this shard to the main thread. */
  readonly crossingBytes: number;
  /** Under which the shards leave packets for one another, in listening to the same addresses; `null` where there is one only. */
  readonly group: bigint | null;
  readonly instance: string;
  /** Whoever knows it is the node. */
  readonly seed: Uint8Array;
  readonly networkSecrets: readonly Uint8Array[];
  readonly listen: readonly ListenAddress[] | null;
  /** Those that are known by now. */
  readonly statements: readonly KnownStatement[];
  /** What a shard before it had found at addresses. */
  readonly pins: readonly Pin[];
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

/** The part of a whole number that is a shard's: the parts of all are the whole. */
export function shareOf(total: number, index: number, shards: number): number {
  return Math.floor(total / shards) + (index < total % shards ? 1 : 0);
}

/** The part of the options that crosses as it is. */
function plainOptionsOf(options: ParsedNodeOptions, index: number, shards: number): PlainOptions {
  const { limits, advertise, relay, liveness, cacheFile, keepAliveMs, idleTimeoutMs, peerLostAfterMs, spinMicros, cipher, congestion, shardData } =
    options;
  // Each shard has its part.
  const memoryBytes = shareOf(memoryPartsOf(limits.memoryBytes).engines, index, shards);
  const peers = shareOf(limits.peers, index, shards);
  const plain = {
    advertise,
    relay,
    liveness,
    cacheFile,
    keepAliveMs,
    idleTimeoutMs,
    peerLostAfterMs,
    spinMicros,
    cipher,
    congestion,
    shards,
    shardData,
  };
  return { ...plain, limits: { ...limits, memoryBytes, peers } };
}

/** The options of the node in the shard. */
export function optionsOf(boot: ShardBoot, accept: MeshNodeOptions['accept'], logger: Logger | null): ParsedNodeOptions {
  const { seed, networkSecrets, listen, advertise, relay, liveness, cacheFile } = boot;
  const { keepAliveMs, idleTimeoutMs, peerLostAfterMs, spinMicros, cipher, congestion, limits } = boot;
  return {
    identity: identityOfSeed(Uint8Array.from(seed)),
    network: { kind: 'secrets', secrets: networkSecrets },
    listen,
    advertise,
    peers: [],
    accept,
    relay,
    liveness,
    cacheFile,
    keepAliveMs,
    idleTimeoutMs,
    peerLostAfterMs,
    spinMicros,
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

/** Makes what each shard is started with. `isKnownNode`: see {@link StatementStore}. */
export class BootMaker {
  /** The current one first: shards that are started again begin with these. */
  networkSecrets: Credentials['networkSecrets'];
  /** Of all shards together. */
  readonly statements: StatementStore;
  readonly #options: ParsedNodeOptions;
  readonly #runtime: Runtime;
  readonly #plan: ShardPlan;
  readonly #seed: Uint8Array;
  readonly #instance: string;
  readonly #group: bigint;

  constructor(options: ParsedNodeOptions, runtime: Runtime, credentials: Credentials, plan: ShardPlan, isKnownNode: (id: NodeId) => boolean) {
    this.#options = options;
    this.#runtime = runtime;
    this.#plan = plan;
    this.networkSecrets = credentials.networkSecrets;
    this.statements = new StatementStore({ nowMs: () => runtime.clock.nowMs(), isKnownNode });
    this.#seed = seedOf(credentials.identity);
    this.#instance = Buffer.from(runtime.randomBytes(INSTANCE_BYTES)).toString('hex');
    this.#group = new DataView(Uint8Array.from(runtime.randomBytes(8)).buffer).getBigUint64(0);
  }

  /** `sockets`: those that a shard before it was bound to. */
  make(index: number, handled: readonly string[], sockets: readonly SocketAddress[], pins: readonly Pin[]): ShardBoot {
    const { count, listen } = this.#plan;
    const { accept, logger, handlers, limits } = this.#options;
    return {
      ...plainOptionsOf(this.#options, index, count),
      index,
      peersMax: limits.peers,
      crossingBytes: shareOf(memoryPartsOf(limits.memoryBytes).fromShards, index, count),
      group: count === 1 ? null : this.#group,
      instance: this.#instance,
      seed: this.#seed,
      networkSecrets: this.networkSecrets,
      statements: this.statements.told(),
      listen: sockets.length === 0 ? listen : sockets.map(listenAddressOf),
      pins,
      asks: accept !== undefined,
      logs: logger !== null,
      handlers: handlers?.href ?? null,
      handled,
      rekeyIntervals: this.#runtime.rekeyIntervals ?? null,
      counters: new SharedArrayBuffer(COUNTER_WORDS * BigUint64Array.BYTES_PER_ELEMENT),
    };
  }
}
