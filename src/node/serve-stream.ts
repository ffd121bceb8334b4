import type { StreamInfo } from '../api/observing.js';
import type { HandlerContext } from '../api/streams.js';
import { type OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import { type Association, type MeshPeer, type PeerContext, type StreamShape, streamOf } from '../peer/index.js';
import { decodeMetadata, EngineStreamPort, kindNumber, ResetReason, type StreamEnd } from '../stream/index.js';
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

/** A stream that a peer opened, wherever its engine is. */
export interface OfferedStream {
  readonly peer: { readonly closing: unknown };
  readonly kind: number;
  readonly head: Uint8Array;
  /** Resets it; `reason` and `code` as on the wire. */
  refuse(reason: number, code: number): void;
  /** This end of it. */
  take(shape: StreamShape): StreamEnd;
}

/** What serves streams. */
export type ServingHost = Pick<PeerContext, 'closedBy' | 'warn'> & { readonly observer: Pick<PeerContext['observer'], 'tracing'> };

/** The protocol that the head of an incoming stream names. */
export function protocolOf(head: Uint8Array): string {
  return new TextDecoder().decode(head.subarray(1, 1 + (head[0] ?? 0)));
}

/** Whether the stream is Osier's own: docs/protocol.md, "Control stream". */
export function isOwnProtocol(head: Uint8Array): boolean {
  return (head[0] ?? 0) > 0 && head[1] === 0;
}

/** Gives a stream of this thread's engine to its handler, or resets it with the reason why not. */
export function serveStream(context: PeerContext, handlers: HandlerTable, { peer, association, handle, kind, head }: IncomingStream): void {
  offerStream(context, handlers, {
    peer,
    kind,
    head,
    refuse: (reason, code) => new EngineStreamPort(context.engine, context.flusher, association.handle, handle).reset(reason, code),
    take: (shape) => {
      const stream = streamOf(context, peer, association, handle, shape);
      context.engine.setPriority(association.handle, handle, stream.priority);
      association.addStream(stream, false);
      context.observer.onStream(stream, 'handler');
      return stream;
    },
  });
}

/** Gives a stream to its handler, or refuses it with the reason why not. */
export function offerStream(host: ServingHost, handlers: HandlerTable, offered: OfferedStream): void {
  const { head } = offered;
  const protocol = protocolOf(head);
  const entry = handlers.get(protocol);
  const metadata = decodeMetadata(head.subarray(1 + (head[0] ?? 0)));
  const refusal = refusalOf(host, entry, offered, metadata);
  if (entry === undefined || metadata === null || refusal !== null) {
    offered.refuse(refusal?.reason ?? ResetReason.application, refusal?.code ?? 0);
    return;
  }
  const stream = offered.take({ protocol, ...entry.options });
  entry.serve(stream, run(host, entry, stream, metadata));
}

/** Why a stream is not served, as the wire says it; `null` when it is. */
function refusalOf(
  host: ServingHost,
  entry: HandlerEntry | undefined,
  { peer, kind }: OfferedStream,
  metadata: HandlerContext['metadata'] | null,
): { readonly reason: number; readonly code: number } | null {
  if (host.closedBy !== null || peer.closing !== null || entry?.draining.aborted) return { reason: ResetReason.shutdown, code: 0 };
  if (entry === undefined) return { reason: ResetReason.noHandler, code: 0 };
  const served = kindNumber(entry.options.kind);
  if (kind !== served) return { reason: ResetReason.kindMismatch, code: served };
  if (entry.isFull) return { reason: ResetReason.limit, code: 0 };
  return metadata === null ? { reason: ResetReason.application, code: 0 } : null;
}

/** Settles when the handler has returned. Never rejects. */
async function run(host: ServingHost, entry: HandlerEntry, stream: StreamEnd, metadata: HandlerContext['metadata']): Promise<void> {
  try {
    const { protocol, kind, peer } = stream;
    const info: StreamInfo = { protocol, kind, peer: peer.id, side: 'handler' };
    await host.observer.tracing.handling(info, metadata, async () =>
      entry.handler(stream as never, new StreamHandlerContext(stream, entry, metadata)),
    );
    // Not awaited: the end of the stream is told by `closed`.
    void stream.end();
    stream.stop(0);
  } catch (cause) {
    stream.reset(0);
    if (!isClosing(host, entry, cause)) host.warn(handlerFailed(stream, cause));
  }
}

/** Whether a handler failed by no more than what it was told: that its node closes, or that it should finish. */
function isClosing({ closedBy }: ServingHost, { draining }: HandlerEntry, cause: unknown): boolean {
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
