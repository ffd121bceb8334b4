import type { StreamInfo } from '../api/observing.js';
import type { StreamBase } from '../api/streams.js';
import { OsierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import { encodeMetadata } from '../stream/index.js';
import type { PeerContext } from './context.js';
import type { OpenRequest } from './open-stream.js';

/** Who has a hook, and hears of its faults. */
export type TracingContext = Pick<PeerContext, 'log'> & { readonly observer: Pick<PeerContext['observer'], 'tracing'> };

/** Opens a stream inside the application's trace: what the hook adds goes along as metadata, and it hears of the end, also of a stream that never opens. */
export async function openTraced<S extends StreamBase>(
  context: TracingContext,
  peer: NodeId,
  request: OpenRequest,
  metadata: Readonly<Record<string, string>> | undefined,
  open: (request: OpenRequest) => Promise<S>,
): Promise<S> {
  const { tracing } = context.observer;
  if (!tracing.isOn) return open(request);
  const info: StreamInfo = { protocol: request.protocol, kind: request.kind, peer, side: 'opener' };
  const trace = tracing.opening(info, metadata);
  try {
    const stream = await open({ ...request, metadataBytes: encoded(context, info, trace.metadata) ?? request.metadataBytes });
    stream.closed.then((outcome) => trace.end(outcome.status === 'failed' ? outcome.error : null));
    return stream;
  } catch (error) {
    trace.end(error instanceof Error ? error : new Error('The stream was not opened.', { cause: error }));
    throw error;
  }
}

/** `null` when the hook added more than fits beside the application's own: the stream goes without it. */
function encoded(context: TracingContext, info: StreamInfo, metadata: Record<string, string>): Uint8Array | null {
  try {
    return encodeMetadata(metadata);
  } catch (error) {
    if (!OsierError.is(error)) throw error;
    context.log('warn', { ...info }, `What the option 'tracing' added to a stream's metadata does not fit, and is left out: ${error.message}`);
    return null;
  }
}
