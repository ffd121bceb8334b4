import type { LimitOptions } from '../api/node.js';
import type { StreamKind } from '../api/streams.js';
import type { NodeId } from '../identity/index.js';

/** All codes. Open union. */
export type OsierErrorCode = keyof OsierErrorDetails;

/** Says nothing more than its code. */
export type NoDetails = Readonly<Record<never, never>>;

/** A code, what it means, and what it carries. */
export interface OsierErrorDetails {
  /** An option is missing, of the wrong type, or out of its range. */
  ERR_OSIER_INVALID_OPTION: { readonly option: string };
  /** The text is not a node id, or the key does not convert to a handshake key. */
  ERR_OSIER_BAD_ID: { readonly input: string };
  /** The text is not an address. */
  ERR_OSIER_BAD_ADDRESS: { readonly input: string };
  /** The key file is missing, unreadable, damaged, or open to other users. */
  ERR_OSIER_BAD_IDENTITY: { readonly path: string | null };
  /** A revocation or successor statement is damaged or not signed by the key it speaks of. */
  ERR_OSIER_BAD_STATEMENT: { readonly index: number };
  /** A socket could not be bound; `cause` is the system's error. */
  ERR_OSIER_LISTEN_FAILED: { readonly address: string };
  /** The node is closed or closing. */
  ERR_OSIER_NODE_CLOSED: NoDetails;
  /** A protocol can have one handler only. */
  ERR_OSIER_HANDLER_EXISTS: { readonly protocol: string };
  /** No host name of the address resolved; `cause` is the resolver's error. */
  ERR_OSIER_UNRESOLVED: { readonly hosts: readonly string[] };
  /** No address of the peer is known and no route leads to it. */
  ERR_OSIER_UNREACHABLE: { readonly id: NodeId };
  /** Nobody answered in time. `hints` are unauthenticated answers on the way: likely reasons, never proof. */
  ERR_OSIER_TIMEOUT: { readonly timeoutMs: number; readonly hints: readonly ('version' | 'busy')[] };
  /** Not one UDP packet came back, from anywhere: a firewall is the likely reason. */
  ERR_OSIER_UDP_BLOCKED: NoDetails;
  /** The peer is who it should be, but shares no version or cipher with this node. */
  ERR_OSIER_INCOMPATIBLE: { readonly subject: 'version' | 'cipher' };
  /** Another id answers at an address than the one pinned when it was joined. */
  ERR_OSIER_PIN_MISMATCH: { readonly pinned: NodeId; readonly found: NodeId };
  /** The peer accepts no connection or stream from this node, by its policy or one of its limits. */
  ERR_OSIER_REFUSED: { readonly why: 'policy' | 'limit' | 'shutdown' };
  /** The id was revoked by its owner. `successor` is the id that it moved to. */
  ERR_OSIER_REVOKED: { readonly id: NodeId; readonly successor: NodeId | null };
  /** Two running nodes share one key file and take turns. Seen in `warning` only. */
  ERR_OSIER_DUPLICATE_IDENTITY: { readonly id: NodeId };
  /** The peer's process started anew; what it had received is lost. */
  ERR_OSIER_PEER_RESTARTED: NoDetails;
  /** Nothing came back from the peer, on any path. */
  ERR_OSIER_PEER_LOST: { readonly silentMs: number };
  /** One end closed the connection. */
  ERR_OSIER_PEER_CLOSED: { readonly by: 'local' | 'remote'; readonly closeCode: CloseCode; readonly reason: string };
  /** One end reset the stream; a handler that throws does so with code 0. */
  ERR_OSIER_STREAM_RESET: { readonly by: 'local' | 'remote'; readonly applicationCode: number };
  /** The peer reads no more of this stream. */
  ERR_OSIER_STREAM_STOPPED: { readonly applicationCode: number };
  /** This end wrote after `end()`. */
  ERR_OSIER_STREAM_ENDED: NoDetails;
  /** The peer serves no such protocol. */
  ERR_OSIER_NO_HANDLER: { readonly protocol: string };
  /** The peer serves this protocol with another kind of stream. */
  ERR_OSIER_KIND_MISMATCH: { readonly protocol: string; readonly expected: StreamKind };
  /** The message is larger than one end's `messageBytes`. */
  ERR_OSIER_TOO_LARGE: { readonly sizeBytes: number; readonly maxBytes: number };
  /** One of this node's own limits is reached. */
  ERR_OSIER_LIMIT: { readonly limit: keyof LimitOptions };
  /** A handler threw; `cause` is what it threw. Seen in `warning` only. */
  ERR_OSIER_HANDLER_FAILED: { readonly protocol: string; readonly peer: NodeId };
  /** Session keys go to the file that the environment names in `OSIER_KEYLOG`, or cannot be written there. Seen in `warning` only. */
  ERR_OSIER_KEYLOG: { readonly path: string };
  /** A shard did not start, or died; its associations are lost, the others go on. */
  ERR_OSIER_SHARD_FAILED: { readonly shard: number };
  /** A fault in Osier itself; the node is closed, the process is not. */
  ERR_OSIER_INTERNAL: NoDetails;
  /** A simulated program waits for something that can no longer happen. `osier/testing` only. */
  ERR_OSIER_SIM_STALLED: { readonly seed: string; readonly atMs: number };
}

/** Why a connection was closed, as the wire says it. Open union. */
export type CloseCode = 'normal' | 'shutdown' | 'restart' | 'idle' | 'refused' | 'protocol' | 'revoked' | 'limit' | 'application';
