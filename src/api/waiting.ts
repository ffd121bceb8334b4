/** What everything that waits has in common. Types only. */

/** Options of everything that waits. */
export interface WaitOptions {
  signal?: AbortSignal | undefined;
}

/** Options of what waits for the network; after `timeoutMs` it rejects with TIMEOUT. Default 15,000. 0: no limit. */
export interface TimedWaitOptions extends WaitOptions {
  timeoutMs?: number | undefined;
}

/** Options of every graceful end. */
export interface CloseOptions {
  /** How long to wait for what is in flight. Default 5,000. 0: end at once. */
  timeoutMs?: number | undefined;
  /** Told to the peers, at most 256 bytes of UTF-8. Default ''. */
  reason?: string | undefined;
}

/** How a graceful end went: all was acknowledged, or some streams were reset. */
export type CloseReport = { readonly status: 'drained' } | { readonly status: 'cut'; readonly streams: number; readonly unacknowledgedBytes: bigint };

/** Time as a node sees it; `nowMs` never goes back and counts from an arbitrary start. */
export interface Clock {
  /** Milliseconds, with fractions. */
  nowMs(): number;
  /** Resolves when this time is over; rejects with the signal's reason when that aborts first. */
  sleep(durationMs: number, options?: WaitOptions): Promise<void>;
}

/** The part of a pino logger that is used. Key material and payloads are never logged. */
export type Logger = Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>;
