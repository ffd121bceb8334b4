import { MessageCounter, StreamCounter } from '../stream/index.js';
import type { StreamTold } from './protocol.js';

/** What is known here of a stream in a shard: what went and came, and what the shard told last. */
export class RemoteCounters {
  sentBytes = 0;
  sentMessages = 0;
  receivedBytes = 0;
  receivedMessages = 0;
  consumedBytes = 0;
  told: StreamTold;
  /** Of the messages whose fate was told one by one. */
  delivered = 0n;
  expired = 0n;
  readonly #bytes = new BigUint64Array(StreamCounter.count);
  readonly #messages = new BigUint64Array(MessageCounter.count);

  constructor(told: StreamTold) {
    this.told = told;
  }

  /** The peer has all of it; of the messages, `expired` are lost. */
  onFinished(expired: number): void {
    const delivered = BigInt(this.sentMessages - expired);
    this.told = { ...this.told, acknowledgedBytes: BigInt(this.sentBytes), delivered, expired: BigInt(expired), unknown: 0n };
  }

  /** As `StreamPort.counters`. */
  bytes(): BigUint64Array {
    const [sent, consumed] = [BigInt(this.sentBytes), BigInt(this.consumedBytes)];
    const received = larger(BigInt(this.receivedBytes), this.told.receivedBytes);
    const acknowledged = smaller(this.told.acknowledgedBytes, sent);
    this.#bytes[StreamCounter.sent] = sent;
    this.#bytes[StreamCounter.acknowledged] = acknowledged;
    this.#bytes[StreamCounter.received] = received;
    this.#bytes[StreamCounter.consumed] = consumed;
    this.#bytes[StreamCounter.sendBuffered] = sent - acknowledged;
    this.#bytes[StreamCounter.receiveBuffered] = received - consumed;
    return this.#bytes;
  }

  /** As `StreamPort.messageCounters`. */
  messages(): BigUint64Array {
    this.#messages[MessageCounter.sent] = BigInt(this.sentMessages);
    this.#messages[MessageCounter.delivered] = larger(this.told.delivered, this.delivered);
    this.#messages[MessageCounter.expired] = larger(this.told.expired, this.expired);
    this.#messages[MessageCounter.unknown] = this.told.unknown;
    this.#messages[MessageCounter.received] = BigInt(this.receivedMessages);
    this.#messages[MessageCounter.dropped] = this.told.dropped;
    return this.#messages;
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
