/** What hooks and diagnostics channels see. Types only. */
import type { OsierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import type { PathChange, PeerState } from './peers.js';
import type { RouteInfo } from './routing.js';
import type { StreamStats } from './stats.js';
import type { StreamKind } from './streams.js';

/** One stream, as hooks and channels see it. */
export interface StreamInfo {
  readonly protocol: string;
  readonly kind: StreamKind;
  readonly peer: NodeId;
  readonly side: 'opener' | 'handler';
}

/** Carries a trace over streams. A hook that throws is reported by `warning` and not called again. */
export interface TracingHook {
  /** Before a stream opens: may add to `metadata`. What it returns is called when the stream ends. */
  opening(info: StreamInfo, metadata: Record<string, string>): (error: Error | null) => void;
  /** Around a handler: must call `run` once and return its promise. */
  handling(info: StreamInfo, metadata: Readonly<Record<string, string>>, run: () => Promise<void>): Promise<void>;
}

/** The `node:diagnostics_channel` names and what each publishes. Nothing is built for a channel without a subscriber. */
export interface DiagnosticsPayloads {
  /** A handshake is over. `peer` is `null` where nobody proved to be one. */
  'osier:handshake': {
    readonly peer: NodeId | null;
    readonly role: 'initiator' | 'responder';
    readonly durationMs: number;
    readonly error: OsierError | null;
  };
  'osier:peer:state': { readonly peer: NodeId; readonly state: PeerState };
  'osier:path': { readonly peer: NodeId; readonly change: PathChange };
  /** The way to a node changed; `null` where there was, or is, none. */
  'osier:route': { readonly id: NodeId; readonly before: RouteInfo | null; readonly after: RouteInfo | null };
  /** An attempt at a direct way is over, also one that failed. */
  'osier:traversal': {
    readonly peer: NodeId;
    readonly outcome: 'direct' | 'no-answer' | 'no-rendezvous' | 'endpoint-dependent-nat';
    readonly durationMs: number;
  };
  'osier:stream:open': StreamInfo;
  'osier:stream:end': StreamInfo & { readonly stats: StreamStats; readonly error: OsierError | null };
  'osier:shard': { readonly index: number; readonly event: 'started' | 'failed' | 'stopped' };
}
