import type { MessageOptions, OpenOptions, Priority, StreamKind } from '../api/streams.js';
import { OsierError, osierError } from '../errors/index.js';
import { choiceOption, integerOption, protocolOption } from '../errors/option-checks.js';
import { type AssociationStream, encodeMetadata, kindNumber, parseMessageOptions, STREAM_KINDS } from '../stream/index.js';
import type { Association } from './association.js';
import type { PeerContext } from './context.js';
import type { MeshPeer } from './mesh-peer.js';
import type { StreamShape } from './peer-stream.js';

/** What {@link Engine.openStream} answers when this node's memory is spent. */
const MEMORY_SPENT = -2;

/** A stream to open, checked and encoded. */
export interface OpenRequest extends StreamShape {
  readonly protocolBytes: Uint8Array;
  readonly metadataBytes: Uint8Array;
}

/** Checks what {@link Peer.openStream} is given. Throws INVALID_OPTION. */
export function parseOpenOptions(protocol: string, options: (OpenOptions<StreamKind> & MessageOptions) | undefined): OpenRequest {
  return {
    kind: choiceOption('kind', options?.kind, STREAM_KINDS, 'bytes'),
    protocol,
    protocolBytes: protocolOption(protocol),
    metadataBytes: encodeMetadata(options?.metadata),
    priority: priorityOption(options?.priority),
    delivery: parseMessageOptions(options),
  };
}

/** Checks a priority; 3 when it is absent. */
export function priorityOption(value: unknown): Priority {
  return integerOption('priority', value, { min: 0, max: 7, otherwise: 3 }) as Priority;
}

/** Makes this end of a stream that was opened in the engine. */
export type MakeStream<S> = (context: PeerContext, peer: MeshPeer, association: Association, handle: number, shape: StreamShape) => S;

/** Opens a stream, and waits while the peer allows no more. Rejects with {@link Association.endedBy} when that ends first, or is about to by
 * this end. */
export async function openStream<S extends AssociationStream>(
  context: PeerContext,
  peer: MeshPeer,
  association: Association,
  request: OpenRequest,
  signal: AbortSignal,
  make: MakeStream<S>,
): Promise<S> {
  for (;;) {
    signal.throwIfAborted();
    if (association.endedBy !== null) throw association.endedBy;
    if (association.closingBy !== null) throw association.closingBy;
    if (association.isPeerDraining) await refuse(peer, association, signal);
    const stream = tryOpen(context, peer, association, request, make);
    if (stream !== null) return stream;
    await association.creditForStreams(signal);
  }
}

/**
 * The peer asked for no new streams. A word of it is waited for first: one that died since neither says that it is back nor is found to be lost by an
 * association on which nothing is sent. Rejects with REFUSED, or with {@link Association.endedBy} when the association turns out to be of the past.
 */
async function refuse(peer: MeshPeer, association: Association, signal: AbortSignal): Promise<never> {
  try {
    await association.word(signal);
  } catch (error) {
    if (!saysShutdown(error)) throw error;
  }
  if (association.closingBy !== null) throw association.closingBy;
  throw osierError('ERR_OSIER_REFUSED', `${peer.id} is shutting down and takes no new streams: try later.`, { why: 'shutdown' });
}

function saysShutdown(error: unknown): boolean {
  return OsierError.is(error, 'ERR_OSIER_PEER_CLOSED') && error.details.by === 'remote' && error.details.closeCode === 'shutdown';
}

/** `null` at the peer's limit. Throws LIMIT at this node's own. */
function tryOpen<S extends AssociationStream>(
  context: PeerContext,
  peer: MeshPeer,
  association: Association,
  request: OpenRequest,
  make: MakeStream<S>,
): S | null {
  if (association.openedHere >= context.streamsPerPeer) {
    const message = `${context.streamsPerPeer} streams to ${peer.id} are open already: close some, or raise limits.streamsPerPeer.`;
    throw osierError('ERR_OSIER_LIMIT', message, { limit: 'streamsPerPeer' });
  }
  const { engine, flusher } = context;
  const { kind, priority } = request;
  const handle = engine.openStream(association.handle, kindNumber(kind), priority, request.protocolBytes, request.metadataBytes);
  if (handle === MEMORY_SPENT) {
    throw osierError('ERR_OSIER_LIMIT', "This node's memory for peers is spent: close streams, or raise limits.memoryBytes.", {
      limit: 'memoryBytes',
    });
  }
  if (handle < 0) return null;
  flusher.mark();
  const stream = make(context, peer, association, handle, request);
  association.addStream(stream, true);
  context.observer.onStream(stream, 'opener');
  return stream;
}
