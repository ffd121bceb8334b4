import type { Priority, StreamKind } from '../api/streams.js';
import { type Delivery, EngineStreamPort, makeStream } from '../stream/index.js';
import type { Association } from './association.js';
import type { PeerContext } from './context.js';
import type { MeshPeer } from './mesh-peer.js';

/** One end of a stream to a peer. */
export type PeerStream = ReturnType<typeof makeStream>;

/** What this end of a stream is to be. */
export interface StreamShape {
  readonly kind: StreamKind;
  readonly protocol: string;
  readonly priority: Priority;
  readonly delivery: Delivery;
}

/** This end of a stream that exists in the engine. */
export function streamOf(context: PeerContext, peer: MeshPeer, association: Association, handle: number, shape: StreamShape): PeerStream {
  const { engine, flusher, messageBytes, runtime } = context;
  const port = new EngineStreamPort(engine, flusher, association.handle, handle);
  const { kind, protocol, priority, delivery } = shape;
  return makeStream(kind, port, { protocol, peer, priority }, delivery, { messageBytes, clock: runtime.clock });
}
