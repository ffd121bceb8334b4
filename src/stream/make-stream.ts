import type { StreamKind } from '../api/streams.js';
import type { Clock } from '../api/waiting.js';
import { ByteStreamEnd } from './byte-stream.js';
import { DatagramStreamEnd } from './datagram-stream.js';
import type { Delivery } from './message-options.js';
import { MessageStreamEnd } from './message-stream.js';
import type { StreamFacts } from './stream-end.js';
import type { StreamPort } from './stream-port.js';

/** What a stream of messages needs of its node. */
export interface MessageHost {
  readonly messageBytes: number;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** One end of a stream that exists in the engine. */
export function makeStream(
  kind: StreamKind,
  port: StreamPort,
  facts: StreamFacts,
  delivery: Delivery,
  { messageBytes, clock }: MessageHost,
): ByteStreamEnd | MessageStreamEnd | DatagramStreamEnd {
  switch (kind) {
    case 'bytes':
      return new ByteStreamEnd(port, facts);
    case 'messages':
      return new MessageStreamEnd(port, facts, { ...delivery, isOneShot: false, maxBytes: messageBytes, clock });
    case 'datagrams':
      return new DatagramStreamEnd(port, facts, { ordered: true, lifetimeMs: null, isOneShot: true, maxBytes: messageBytes, clock });
  }
}
