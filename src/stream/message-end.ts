import { iterate } from './iterators.js';
import { MessageReceiveSide } from './message-receive-side.js';
import { type MessageSending, MessageSendSide } from './message-send-side.js';
import { type MessageCounts, StreamEnd, type StreamFacts } from './stream-end.js';
import { MessageCounter, type StreamPort } from './stream-port.js';

/** One end of a stream of messages or datagrams: what the two have in common. */
export abstract class MessageEnd extends StreamEnd<MessageSendSide, MessageReceiveSide> implements AsyncIterable<Uint8Array> {
  /** What became of all that was sent, once that is known: the engine may have forgotten it when the stream is closed. */
  #settled: readonly bigint[] | null = null;
  #droppedMessages = 0;

  constructor(port: StreamPort, facts: StreamFacts, sending: MessageSending) {
    super(port, facts, () => new MessageSendSide(port, sending), new MessageReceiveSide(port));
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return iterate(this.receiver, () => this.receiver.next(undefined));
  }

  override onSettled(token: number, fate: number): void {
    this.sender.onSettled(token, fate);
  }

  override onFinished(expiredMessages = 0): void {
    const sent = BigInt(this.sender.acceptedMessages);
    const expired = BigInt(expiredMessages);
    this.#settled = [sent, sent - expired, expired, 0n];
    super.onFinished(expiredMessages);
  }

  override onClosed(droppedMessages = 0): void {
    this.#droppedMessages = droppedMessages;
    super.onClosed(droppedMessages);
    this.sender.onClosed();
  }

  protected override get droppedMessages(): number {
    return this.#droppedMessages;
  }

  protected messageCounts(isLast: boolean): MessageCounts {
    const { sender, receiver } = this;
    const counters = this.port.messageCounters();
    const count = (position: number, otherwise: number): bigint => counters?.[position] ?? BigInt(otherwise);
    const sentCount = (position: number, otherwise: number): bigint => counters?.[position] ?? this.#settled?.[position] ?? BigInt(otherwise);
    const messagesSent = sentCount(MessageCounter.sent, sender.acceptedMessages);
    const messagesDelivered = sentCount(MessageCounter.delivered, sender.deliveredMessages);
    const messagesExpired = sentCount(MessageCounter.expired, sender.expiredMessages);
    return {
      messagesSent,
      messagesDelivered,
      messagesExpired,
      messagesUnknown: isLast ? messagesSent - messagesDelivered - messagesExpired : sentCount(MessageCounter.unknown, 0),
      messagesReceived: count(MessageCounter.received, receiver.receivedMessages),
      messagesDropped: count(MessageCounter.dropped, this.droppedMessages),
    };
  }
}
