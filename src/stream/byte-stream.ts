import type { Duplex } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { ByteStream } from '../api/streams.js';
import type { WaitOptions } from '../api/waiting.js';
import { invalidOption } from '../errors/index.js';
import { bytesOption, rejecting, signalOption } from '../errors/option-checks.js';
import { duplexOf } from './duplex.js';
import { batchesOf, viewsOf } from './iterators.js';
import { ReceiveSide } from './receive-side.js';
import { SendSide } from './send-side.js';
import { type MessageCounts, StreamEnd, type StreamFacts } from './stream-end.js';
import type { StreamPort } from './stream-port.js';
import { readableOf, writableOf } from './web-streams.js';

/** A stream of bytes has none. */
const NO_MESSAGES: MessageCounts = {
  messagesSent: 0n,
  messagesDelivered: 0n,
  messagesExpired: 0n,
  messagesUnknown: 0n,
  messagesDropped: 0n,
  messagesReceived: 0n,
};

/** One end of a 'bytes' stream. */
export class ByteStreamEnd extends StreamEnd<SendSide, ReceiveSide> implements ByteStream {
  readonly kind = 'bytes';
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;

  constructor(port: StreamPort, facts: StreamFacts) {
    super(port, facts, (onTruncated) => new SendSide(port, onTruncated), new ReceiveSide(port));
  }

  write(bytes: Uint8Array, options?: WaitOptions): Promise<void> {
    return rejecting(() => this.sender.write(bytesOption('bytes', bytes), signalOption(options?.signal)));
  }

  tryWrite(bytes: Uint8Array): boolean {
    return this.sender.tryWrite(bytesOption('bytes', bytes));
  }

  read(into: Uint8Array, options?: WaitOptions): Promise<number> {
    return rejecting(() => {
      if (bytesOption('into', into).length === 0) throw invalidOption('into', 'must have room for at least one byte');
      return this.receiver.read(into, signalOption(options?.signal));
    });
  }

  views(): AsyncIterable<Uint8Array> {
    return viewsOf(this.receiver);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array[]> {
    return batchesOf(this.receiver);
  }

  toDuplex(): Duplex {
    return duplexOf(this);
  }

  get readable(): ReadableStream<Uint8Array> {
    this.#readable ??= readableOf(this);
    return this.#readable;
  }

  get writable(): WritableStream<Uint8Array> {
    this.#writable ??= writableOf(this);
    return this.#writable;
  }

  protected messageCounts(): MessageCounts {
    return NO_MESSAGES;
  }
}
