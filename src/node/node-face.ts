import type { EventEmitter } from 'node:events';
import type { ConnectOptions, MeshNodeEvents, ReloadOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import type { RouteInfo, TraceResult } from '../api/routing.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { HandleOptions, Handler, HandlerRegistration, StreamKind } from '../api/streams.js';
import type { Clock, CloseOptions, CloseReport, TimedWaitOptions } from '../api/waiting.js';
import type { NodeId } from '../identity/index.js';

/** What is behind {@link MeshNode}: a node on this thread, or shards on others. */
export interface NodeFace {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly address: string;
  readonly peers: { readonly known: ReadonlyMap<string, Peer> };
  /** Where the node's events go; set before any can occur. */
  events: EventEmitter<MeshNodeEvents> | null;
  /** Begins to answer, to connect to the peers of the options, and to keep them connected. Throws LIMIT when there are too many. */
  begin(): void | Promise<void>;
  connect(target: string, options: ConnectOptions | undefined): Promise<Peer>;
  handle(protocol: string, options: HandleOptions<StreamKind> | undefined, handler: Handler<never>): HandlerRegistration;
  reload(changes: ReloadOptions): Promise<void>;
  routes(): RouteInfo[];
  trace(id: string, options: TimedWaitOptions | undefined): Promise<TraceResult>;
  stats(): NodeStats;
  info(): NodeInfo;
  close(options: CloseOptions | undefined): Promise<CloseReport>;
}
