import type { SocketAddress } from '../api/peers.js';
import type { Logger } from '../api/waiting.js';
import type { Dispatcher } from '../engine/dispatch.js';
import type { Engine, PathRecord } from '../engine/engine.js';
import type { Flusher } from '../engine/flusher.js';
import type { Runtime } from '../engine/runtime.js';
import type { OsierError } from '../errors/index.js';
import type { HandshakeFault, HandshakeParty } from '../handshake/index.js';
import type { NodeId } from '../identity/index.js';
import type { Observer } from '../observe/index.js';
import type { Association } from './association.js';
import type { CallRouting } from './call-routing.js';
import type { MeshPeer } from './mesh-peer.js';
import type { RouteNames } from './path-record.js';

/** Takes what comes for an index that it reserved. */
export interface Calling {
  onDatagram(path: PathRecord, datagram: Uint8Array): void;
  /** An unauthenticated refusal, by its number. */
  onHint(kind: number): void;
}

/** What all peers of a node share. */
export interface PeerContext {
  readonly id: NodeId;
  readonly runtime: Runtime;
  readonly observer: Observer;
  readonly engine: Engine;
  readonly dispatcher: Dispatcher;
  readonly flusher: Flusher;
  readonly party: HandshakeParty;
  /** Who calls others, by the index that the answers come to. */
  readonly calls: Map<number, Calling>;
  /** Bound sockets, in the order of binding. */
  readonly sockets: readonly SocketAddress[];
  /** Who relays are; left out: nobody knows. */
  readonly routeNames?: RouteNames;
  /** Where peers live, in a node of several shards. */
  readonly routing: CallRouting | null;
  readonly streamsPerPeer: number;
  /** The largest message or datagram. */
  readonly messageBytes: number;
  /** Why nothing new may begin; `null` while the node is open. */
  readonly closedBy: OsierError | null;
  /** A stream that the peer opened; `head` as {@link EventKind.streamOpened} carries it. */
  serve(peer: MeshPeer, association: Association, stream: number, kind: number, head: Uint8Array): void;
  /** There is another peer. */
  onMade(peer: MeshPeer): void;
  /** Connected for the first time. */
  onKnown(peer: MeshPeer): void;
  /** Closed, or never came to anything: its id may get another object. */
  onGone(peer: MeshPeer): void;
  /** A session that this node answered was confirmed, or ended without that. */
  onSessionConfirmed(localIndex: number): void;
  onSessionDropped(localIndex: number): void;
  /** A dial of this node is over. */
  onDialed(succeeded: boolean): void;
  /** A handshake message changed nothing; `peer` is the one that was called, if any. */
  onHandshakeFault(peer: NodeId | null, fault: HandshakeFault): void;
  log(level: keyof Logger, fields: object, message: string): void;
  warn(error: OsierError): void;
  /** Something threw that should not have: a fault of this library. */
  onFault(cause: unknown): void;
}
