/** Peers and the paths to them. Types only. */
import type { EventEmitter } from 'node:events';
import type { OsierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import type { PeerStats } from './stats.js';
import type { ByteStream, OpenOptions, StreamKind, StreamOfKind } from './streams.js';
import type { CloseOptions, CloseReport, TimedWaitOptions } from './waiting.js';

/**
 * Another node, under its id, across restarts, reconnects and changes of path. One object per id, shared by all that connect to it: `close()` and
 * `await using` end it for all of them.
 */
export interface Peer extends EventEmitter<PeerEvents>, AsyncDisposable {
  readonly id: NodeId;
  readonly state: PeerState;
  /** 'id': one side asked for the other by its id. 'network': joined by address alone; the id found there is pinned to it. */
  readonly verified: 'id' | 'network';
  /** The way that new packets take now; `null` while not connected. */
  readonly path: Path | null;
  /**
   * Opens a stream to the peer's handler of `protocol` (1 to 64 bytes of UTF-8), connecting first where needed. Resolves when it can be written to;
   * `signal` and `timeoutMs` bound only that; a peer without such a handler resets it with NO_HANDLER or KIND_MISMATCH. Errors: TIMEOUT, LIMIT, and
   * those of {@link MeshNode.connect}.
   */
  openStream(protocol: string, options?: OpenOptions<'bytes'>): Promise<ByteStream>;
  /** As above, of another kind: whole messages, or datagrams. */
  openStream<K extends StreamKind>(protocol: string, options: OpenOptions<K> & { kind: K }): Promise<StreamOfKind[K]>;
  /** One round trip to the peer, end to end, in milliseconds. Errors: TIMEOUT, and those of {@link MeshNode.connect}. */
  ping(options?: TimedWaitOptions): Promise<number>;
  /** Counters and levels of now, without cost. */
  stats(): PeerStats;
  /** As {@link MeshNode.close}, for this peer alone. It may connect again. */
  close(options?: CloseOptions): Promise<CloseReport>;
}

/** Where a peer stands. `instance` (hex) is new each time that the peer's process starts. */
export type PeerState =
  | { readonly status: 'connected'; readonly instance: string; readonly cipher: 'chacha20-poly1305' | 'aes-256-gcm' }
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'idle' }
  | { readonly status: 'closed'; readonly error: OsierError | null };

/** The way packets take. Open union: another carrier than UDP would be another `kind`. */
export type Path =
  | { readonly kind: 'direct'; readonly local: SocketAddress; readonly remote: SocketAddress }
  | {
      readonly kind: 'relayed';
      /** The neighbour that the packets go to first. */
      readonly nextHop: NodeId;
      /** A relay asked for by name. */
      readonly waypoint: NodeId | null;
    };

/** A UDP endpoint; `host` is an IP address, with its zone where it has one. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** A change of path and its reason; `to` is `null` when no way is left. */
export interface PathChange {
  readonly from: Path | null;
  readonly to: Path | null;
  readonly cause: PathCause;
}

/** Why a path changed. Open union. */
export type PathCause =
  | { readonly kind: 'connected' }
  | { readonly kind: 'roamed'; readonly end: 'local' | 'remote' }
  | { readonly kind: 'disconnected'; readonly error: OsierError | null };

/** Events of a peer. */
export interface PeerEvents {
  /** Another way to the same peer; streams go on. */
  path: [change: PathChange];
  state: [state: PeerState];
}
