import '../engine/dispose-symbols.js';
import { EventEmitter } from 'node:events';
import type { ConnectOptions, MeshNodeEvents, MeshNodeOptions, ReloadOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import type { RouteInfo, TraceResult } from '../api/routing.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { ByteStream, HandleOptions, Handler, HandlerRegistration, StreamKind, StreamOfKind } from '../api/streams.js';
import type { Clock, CloseOptions, CloseReport, TimedWaitOptions } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { systemRuntime } from '../engine/system-runtime.js';
import type { NodeId } from '../identity/index.js';
import { NodeCore } from './node-core.js';
import type { NodeFace } from './node-face.js';
import { type ParsedNodeOptions, parseNodeOptions } from './options.js';

/** Makes a node on a runtime of the caller's choice. */
export let createMeshNode: (options: MeshNodeOptions, runtime: Runtime) => Promise<MeshNode>;

/**
 * One member of the mesh: an identity, its sockets, and what it knows of the others. `await using` closes it as {@link MeshNode.close} with
 * defaults does.
 *
 * @example const node = await MeshNode.create({ identity: './node.key', network: { secret }, listen: 'udp://[::]:7400' });
 */
export class MeshNode extends EventEmitter<MeshNodeEvents> implements AsyncDisposable {
  readonly #core: NodeFace;

  private constructor(core: NodeFace) {
    super();
    this.#core = core;
    this.id = core.id;
    core.events = this;
  }

  static {
    createMeshNode = async (options, runtime) => {
      const core = await startCore(parseNodeOptions(options), runtime);
      const node = new MeshNode(core);
      try {
        const beginning = core.begin();
        if (beginning !== undefined) await beginning;
      } catch (error) {
        await core.close({ timeoutMs: 0 });
        throw error;
      }
      return node;
    };
  }

  /**
   * Binds the sockets and begins to connect to `options.peers`; resolves when the node can receive, not when a peer is there. Errors:
   * BAD_IDENTITY, BAD_ADDRESS, LISTEN_FAILED, SHARD_FAILED, LIMIT (each with the prefix ERR_OSIER_, as everywhere below).
   */
  static create(options: MeshNodeOptions): Promise<MeshNode> {
    return createMeshNode(options, systemRuntime);
  }

  /** This node's public key. */
  readonly id: NodeId;

  /** The `osier://` address to give to others, with every host known so far: advertised, or bound. */
  get address(): string {
    return this.#core.address;
  }

  /** Peers by id: every one that was connected to or has connected, until its {@link Peer.close}. */
  get peers(): ReadonlyMap<string, Peer> {
    return this.#core.peers.known;
  }

  /** The time this node lives by: real, or virtual in `osier/testing`. Protocols built on the node should take theirs here. */
  get clock(): Clock {
    return this.#core.clock;
  }

  /**
   * Connects, by the best way there is, and resolves when the peer has proved its key. `target` is `osier://<id>@host:port[,host:port…]`; the
   * bare id, found through the mesh; or `osier://host:port`, which joins by membership alone (see {@link Peer.verified}). A peer that is
   * connected already is returned at once. Errors: BAD_ADDRESS, BAD_ID, UNRESOLVED, UNREACHABLE, TIMEOUT, UDP_BLOCKED, INCOMPATIBLE, PIN_MISMATCH, REFUSED,
   * REVOKED, DUPLICATE_IDENTITY, LIMIT.
   */
  connect(target: string, options?: ConnectOptions): Promise<Peer> {
    return this.#core.connect(target, options);
  }

  /**
   * Serves streams that peers open under `protocol`. The peer's `kind` must be the same as the handler's (default 'bytes'). Errors (thrown):
   * HANDLER_EXISTS.
   */
  handle(protocol: string, handler: Handler<ByteStream>): HandlerRegistration;
  handle<K extends StreamKind>(protocol: string, options: HandleOptions<K>, handler: Handler<StreamOfKind[K]>): HandlerRegistration;
  handle(protocol: string, ...rest: [Handler<ByteStream>] | [HandleOptions<StreamKind>, Handler<never>]): HandlerRegistration {
    return rest.length === 1 ? this.#core.handle(protocol, undefined, rest[0]) : this.#core.handle(protocol, rest[0], rest[1]);
  }

  /**
   * Applies changes without a pause; sessions go on unless they are revoked. All or nothing. Of two calls at once the later one counts. Errors:
   * BAD_ADDRESS, BAD_ID, BAD_STATEMENT, LIMIT.
   */
  reload(changes: ReloadOptions): Promise<void> {
    return this.#core.reload(changes);
  }

  /** The ways that this node knows at present, one entry per reachable id. With `shards` of 2 and more there are none. */
  routes(): RouteInfo[] {
    return this.#core.routes();
  }

  /**
   * Asks each hop on the present way to `id` to answer, after it was connected to. What relays say of themselves is a hint; the far end proves who it is. Errors:
   * BAD_ID, and those of {@link MeshNode.connect}.
   */
  trace(id: string, options?: TimedWaitOptions): Promise<TraceResult> {
    return this.#core.trace(id, options);
  }

  /** Counters since the start and present levels: cheap enough for every scrape. With `shards`, at most 100 ms old. */
  stats(): NodeStats {
    return this.#core.stats();
  }

  /** What runs and why: engine, socket features, shards, granted buffers. */
  info(): NodeInfo {
    return this.#core.info();
  }

  /**
   * Refuses new streams, aborts every {@link HandlerContext.draining}, waits for open streams and their acknowledgements, then tells the peers and
   * frees the sockets. What is left after `timeoutMs` is reset. Never rejects; later calls return the first's promise.
   */
  close(options?: CloseOptions): Promise<CloseReport> {
    return this.#core.close(options);
  }

  /** Closes with the defaults of {@link MeshNode.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Without shards nothing of them is loaded. */
async function startCore(options: ParsedNodeOptions, runtime: Runtime): Promise<NodeFace> {
  if (options.shards === 0) return NodeCore.start(options, runtime);
  const { ShardedNode } = await import('../shard/sharded-node.js');
  return ShardedNode.start(options, runtime);
}
