/** Shards as the modules that they load see them. Types only. */
import type { NodeId } from '../identity/index.js';
import type { TracingHook } from './observing.js';
import type { NodeStats } from './stats.js';
import type { ByteStream, HandleOptions, Handler, HandlerRegistration, StreamKind, StreamOfKind } from './streams.js';
import type { Clock } from './waiting.js';

/**
 * What the module at {@link MeshNodeOptions.handlers} exports. Every shard loads its own copy; they share no variables.
 *
 * @example export const register: ShardModule['register'] = (shard) => { shard.handle('echo', echo); };
 */
export interface ShardModule {
  /** Called once when the shard starts, before it answers anybody; the shard counts as started when it has resolved. What it throws fails the start, and so does taking more than 60 s. */
  readonly register: (shard: ShardContext) => void | Promise<void>;
}

/** One shard, seen from its own thread. A protocol handled here cannot be handled on the main thread as well. */
export interface ShardContext {
  /** The node's. */
  readonly id: NodeId;
  /** The node's. */
  readonly clock: Clock;
  /** As {@link MeshNode.handle}, in this shard. */
  handle(protocol: string, handler: Handler<ByteStream>): HandlerRegistration;
  /** The same, of another kind or with options. */
  handle<K extends StreamKind>(protocol: string, options: HandleOptions<K>, handler: Handler<StreamOfKind[K]>): HandlerRegistration;
  /** This shard's part of {@link MeshNode.stats}. */
  stats(): NodeStats;
  /** 0 to `shards - 1`. */
  readonly index: number;
  /** This shard's clone of {@link MeshNodeOptions.shardData}. */
  readonly data: unknown;
  /** As {@link MeshNodeOptions.tracing}, for this shard's streams. */
  setTracing(hook: TracingHook): void;
}
