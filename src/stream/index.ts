/** What the layers above use of streams. */
export { ByteStreamEnd, type StreamOutcome } from './byte-stream.js';
export { drainStreams, Patience } from './drain.js';
export { decodeMetadata, encodeMetadata } from './metadata.js';
export { ResetReason } from './stream-errors.js';
export { StreamCounter, StreamPort } from './stream-port.js';
export { abandonable, Waiters } from './waiters.js';
