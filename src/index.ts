/**
 * An encrypted UDP mesh for Node.js services. The public API; everything else is internal.
 *
 * @module osier
 */

export type {
  ConnectOptions,
  DiscoveryOptions,
  LimitOptions,
  MeshNodeEvents,
  MeshNodeOptions,
  NetworkOptions,
  NetworkSecret,
  RelayOptions,
  ReloadOptions,
} from './api/node.js';
export type { DiagnosticsPayloads, StreamInfo, TracingHook } from './api/observing.js';
export type { Path, PathCause, PathChange, Peer, PeerEvents, PeerState, SocketAddress } from './api/peers.js';
export type { RouteInfo, TraceResult } from './api/routing.js';
export type { ShardContext, ShardModule } from './api/shards.js';
export type { NodeInfo, NodeStats, PeerStats, StreamStats, TrafficStats } from './api/stats.js';
export type {
  ByteStream,
  DatagramOutcome,
  DatagramStream,
  HandleOptions,
  Handler,
  HandlerContext,
  HandlerRegistration,
  MessageOptions,
  MessageOutcome,
  MessageStream,
  OpenOptions,
  Priority,
  SendOptions,
  StreamBase,
  StreamErrorCode,
  StreamKind,
  StreamOfKind,
} from './api/streams.js';
export type { Clock, CloseOptions, CloseReport, Logger, TimedWaitOptions, WaitOptions } from './api/waiting.js';
export { type AnyOsierError, type CloseCode, type NoDetails, OsierError, type OsierErrorCode, type OsierErrorDetails } from './errors/index.js';
export {
  formatAddress,
  generateIdentity,
  generateNetworkSecret,
  type Identity,
  loadIdentity,
  type NodeAddress,
  type NodeId,
  parseAddress,
  parseNodeId,
} from './identity/index.js';
export { MeshNode } from './node/mesh-node.js';
export { onDiagnostics } from './observe/index.js';
