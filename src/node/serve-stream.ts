import type { StreamInfo } from '../api/observing.js';
import type { HandlerContext } from '../api/streams.js';
import { type OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import { type Association, type MeshPeer, type PeerContext, streamOf } from '../peer/index.js';
import { decodeMetadata, kindNumber, ResetReason, type StreamEnd, StreamPort } from '../stream/index.js';
import type { HandlerEntry, HandlerTable } from './handler-table.js';

/** A stream that a peer opened, as the engine's record carries it. */
export interface IncomingStream {
  readonly peer: MeshPeer;
  readonly association: Association;
  readonly handle: number;
  readonly kind: number;
  /** Length of the protocol name (u8), name, metadata; valid during the call. */
  readonly head: Uint8Array;
}

/** Gives an incoming stream to its handler, or resets it with the reason why not. */
export function serveStream(context: PeerContext, handlers: HandlerTable, incoming: IncomingStream): void {
  const { association, head } = incoming;
  const nameEnd = 1 + (head[0] ?? 0);
  const protocol = new TextDecoder().decode(head.subarray(1, nameEnd));
  const entry = handlers.get(protocol);
  const metadata = decodeMetadata(head.subarray(nameEnd));
  const refusal = refusalOf(context, entry, incoming, metadata);
  if (entry === undefined || metadata === null || refusal !== null) {
    const port = new StreamPort(context.engine, context.flusher, association.handle, incoming.handle);
    port.reset(refusal?.reason ?? ResetReason.application, refusal?.code ?? 0);
    return;
  }
  const stream = streamOf(context, incoming.peer, association, incoming.handle, { protocol, ...entry.options });
  context.engine.setPriority(association.handle, incoming.handle, stream.priority);
  association.addStream(stream, false);
  context.observer.onStream(stream, 'handler');
  entry.serve(stream, run(context, entry, stream, metadata));
}

/** Why a stream is not served, as the wire says it; `null` when it is. */
function refusalOf(
  context: PeerContext,
  entry: HandlerEntry | undefined,
  { peer, kind }: IncomingStream,
  metadata: HandlerContext['metadata'] | null,
): { readonly reason: number; readonly code: number } | null {
  if (context.closedBy !== null || peer.closing !== null || entry?.draining.aborted) return { reason: ResetReason.shutdown, code: 0 };
  if (entry === undefined) return { reason: ResetReason.noHandler, code: 0 };
  const served = kindNumber(entry.options.kind);
  if (kind !== served) return { reason: ResetReason.kindMismatch, code: served };
  if (entry.isFull) return { reason: ResetReason.limit, code: 0 };
  return metadata === null ? { reason: ResetReason.application, code: 0 } : null;
}

/** Settles when the handler has returned. Never rejects. */
async function run(context: PeerContext, entry: HandlerEntry, stream: StreamEnd, metadata: HandlerContext['metadata']): Promise<void> {
  try {
    const { protocol, kind, peer } = stream;
    const info: StreamInfo = { protocol, kind, peer: peer.id, side: 'handler' };
    await context.observer.tracing.handling(info, metadata, async () =>
      entry.handler(stream as never, new StreamHandlerContext(stream, entry, metadata)),
    );
    // Not awaited: the end of the stream is told by `closed`.
    void stream.end();
    stream.stop(0);
  } catch (cause) {
    stream.reset(0);
    if (!isClosing(context, entry, cause)) context.warn(handlerFailed(stream, cause));
  }
}

/** Whether a handler failed by no more than what it was told: that its node closes, or that it should finish. */
function isClosing({ closedBy }: PeerContext, { draining }: HandlerEntry, cause: unknown): boolean {
  return (closedBy !== null && cause === closedBy) || (draining.aborted && cause === draining.reason);
}

function handlerFailed(stream: StreamEnd, cause: unknown): OsierError {
  const peer = stream.peer.id;
  const message = `The handler of '${stream.protocol}' threw while serving ${peer}; the stream was reset: ${textOf(cause)}`;
  return osierError('ERR_OSIER_HANDLER_FAILED', message, { protocol: stream.protocol, peer }, { cause });
}

/** What a handler knows besides its stream; the signal is made for those that ask for it. */
class StreamHandlerContext implements HandlerContext {
  readonly metadata: HandlerContext['metadata'];
  readonly #stream: StreamEnd;
  readonly #entry: HandlerEntry;
  #signal: AbortSignal | null = null;

  constructor(stream: StreamEnd, entry: HandlerEntry, metadata: HandlerContext['metadata']) {
    this.metadata = metadata;
    this.#stream = stream;
    this.#entry = entry;
  }

  get peer(): HandlerContext['peer'] {
    return this.#stream.peer;
  }

  get draining(): AbortSignal {
    return this.#entry.draining;
  }

  get signal(): AbortSignal {
    this.#signal ??= deathOf(this.#stream);
    return this.#signal;
  }
}

function deathOf(stream: StreamEnd): AbortSignal {
  const controller = new AbortController();
  stream.closed.then((outcome) => {
    if (outcome.status === 'failed') controller.abort(outcome.error);
  });
  return controller.signal;
}
