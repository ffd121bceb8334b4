/** What the layers above use of streams. */
export type { AssociationStream, StreamOutcome } from './association-stream.js';
export { drainStreams, Patience } from './drain.js';
export { EngineStreamPort } from './engine-stream-port.js';
export { makeStream } from './make-stream.js';
export { type Delivery, parseMessageOptions } from './message-options.js';
export { decodeMetadata, encodeMetadata } from './metadata.js';
export { StreamEnd } from './stream-end.js';
export { ResetReason } from './stream-errors.js';
export { kindNumber, STREAM_KINDS } from './stream-kinds.js';
export { MessageCounter, StreamCounter, type StreamPort } from './stream-port.js';
export { abandonable, Waiters } from './waiters.js';
