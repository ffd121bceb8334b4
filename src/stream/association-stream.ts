import type { Peer } from '../api/peers.js';
import type { StreamStats } from '../api/stats.js';
import type { StreamKind } from '../api/streams.js';
import type { StreamSink } from '../engine/dispatch.js';
import type { OsierError } from '../errors/index.js';

/** How a stream ended. */
export type StreamOutcome = { readonly status: 'finished' } | { readonly status: 'failed'; readonly error: OsierError };

/** A stream as the association that carries it knows it: one end of it, or what leads to that end on another thread. */
export interface AssociationStream extends StreamSink {
  readonly protocol: string;
  readonly kind: StreamKind;
  readonly peer: Peer;
  /** Resolves, and never rejects, when both directions have ended. */
  readonly closed: Promise<StreamOutcome>;
  stats(): StreamStats;
  /** Gives up both directions; `reason` and `code` as on the wire. */
  giveUp(error: OsierError, reason: number, code: number): void;
  /** The association ended. What this end sends fails; what has come whole can still be read. */
  failWithAssociation(error: OsierError): void;
}
