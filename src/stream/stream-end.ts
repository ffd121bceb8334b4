import type { Peer } from '../api/peers.js';
import type { StreamStats } from '../api/stats.js';
import type { Priority, StreamBase, StreamKind } from '../api/streams.js';
import type { WaitOptions } from '../api/waiting.js';
import type { OsierError } from '../errors/index.js';
import { integerOption, rejecting, signalOption } from '../errors/option-checks.js';
import type { AssociationStream, StreamOutcome } from './association-stream.js';
import type { ReceiveLine } from './receive-line.js';
import type { SendLine } from './send-line.js';
import { ResetReason, resetByPeer, resetHere, stoppedByPeer } from './stream-errors.js';
import { StreamCounter, type StreamPort } from './stream-port.js';

/** Largest application code: a u32 on the wire. */
const CODE_MAX = 0xffff_ffff;

/** What a stream knows from its opening. */
export interface StreamFacts {
  readonly protocol: string;
  readonly peer: Peer;
  readonly priority: Priority;
}

/** The counters of {@link StreamStats} that speak of messages. */
export type MessageCounts = Pick<StreamStats, Extract<keyof StreamStats, `messages${string}`>>;

/** One end of a stream of any kind: the engine's events come in, the application's calls go out. */
export abstract class StreamEnd<S extends SendLine = SendLine, R extends ReceiveLine = ReceiveLine> implements StreamBase, AssociationStream {
  abstract readonly kind: StreamKind;
  readonly protocol: string;
  readonly peer: Peer;
  readonly priority: Priority;
  readonly handle: number;
  readonly closed: Promise<StreamOutcome>;
  readonly sender: S;
  readonly receiver: R;
  protected readonly port: StreamPort;
  readonly #settle: (outcome: StreamOutcome) => void;
  #failure: OsierError | null = null;
  #isClosed = false;
  /** The peer stopped reading before the end. */
  #stopped = false;
  /** As it was when the stream was closed: the engine forgets it after that. */
  #last: StreamStats | null = null;
  #endAborted = false;

  /** `makeSender` is given what resets a stream that was cut off in the middle: it must not look whole. */
  constructor(port: StreamPort, facts: StreamFacts, makeSender: (onTruncated: () => void) => S, receiver: R) {
    this.port = port;
    this.handle = port.stream;
    this.protocol = facts.protocol;
    this.peer = facts.peer;
    this.priority = facts.priority;
    this.sender = makeSender(() => this.reset(0));
    this.receiver = receiver;
    let settle: (outcome: StreamOutcome) => void = () => {};
    this.closed = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settle = settle;
  }

  ready(options?: WaitOptions): Promise<void> {
    return rejecting(() => this.sender.ready(signalOption(options?.signal)));
  }

  flush(options?: WaitOptions): Promise<void> {
    return rejecting(() => this.sender.flush(signalOption(options?.signal)));
  }

  end(options?: WaitOptions): Promise<void> {
    const ended = rejecting(() => this.sender.end(signalOption(options?.signal)));
    ended.catch(() => {
      // Also marks it as handled: it may be left unawaited. What an abort left unfinished is reset on disposal.
      this.#endAborted = true;
    });
    return ended;
  }

  stop(applicationCode = 0): void {
    this.receiver.stop(checkCode(applicationCode));
    this.#closeWhenOver();
  }

  reset(applicationCode = 0): void {
    this.giveUp(resetHere(checkCode(applicationCode)), ResetReason.application, applicationCode);
  }

  /** As {@link StreamBase.reset}, with another reason on the wire and another error here. */
  giveUp(error: OsierError, reason: number, code: number): void {
    if (this.#isClosed) return;
    this.port.reset(reason, code);
    this.fail(error);
  }

  stats(): StreamStats {
    if (this.#last !== null) {
      const dropped = BigInt(this.droppedMessages);
      const messagesDropped = dropped > this.#last.messagesDropped ? dropped : this.#last.messagesDropped;
      return { ...this.#last, messagesDropped, bytesConsumed: BigInt(this.receiver.consumedBytes) };
    }
    return this.#stats(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.sender.hasEnded || this.#endAborted) this.reset(0);
    if (this.#isClosed) return;
    await this.end().catch(() => {});
    this.stop(0);
  }

  // ---- from the engine ----

  onReadable(count: number, endIncluded: boolean): void {
    this.receiver.onReadable(count, endIncluded);
    this.#closeWhenOver();
  }

  onWritable(): void {
    this.sender.onWritable();
  }

  onFinished(_expiredMessages = 0): void {
    this.sender.onFinished();
    this.#closeWhenOver();
  }

  onFlushed(): void {
    this.sender.onFlushed();
  }

  onReset(reason: number, code: number, sizeBytes = 0): void {
    const error = resetByPeer(this.protocol, reason, code, sizeBytes || this.sender.largestMessageBytes);
    // A STOP that overtook it on the way said less.
    if (this.#stopped) {
      this.#failure = error;
      this.sender.explain(error);
    }
    this.fail(error);
  }

  onStopped(reason: number, code: number): void {
    const isChosen = reason === ResetReason.application;
    const error = isChosen ? stoppedByPeer(code) : resetByPeer(this.protocol, reason, code, this.sender.largestMessageBytes);
    if (!this.sender.isOver) {
      this.#failure ??= error;
      this.#stopped = true;
    }
    this.sender.fail(error);
    this.#closeWhenOver();
  }

  onSettled(_token: number, _fate: number): void {}

  onClosed(_droppedMessages = 0): void {
    this.#close();
  }

  failWithAssociation(error: OsierError): void {
    const isWhole = this.receiver.onAssociationEnded(error);
    if (!isWhole || !this.sender.isOver) this.#failure ??= error;
    this.sender.fail(error);
    this.#close();
  }

  /** Both directions end now. Without effect on a direction that has ended. */
  fail(error: OsierError): void {
    if (!this.sender.isOver || !this.receiver.isOver) this.#failure ??= error;
    this.sender.fail(error);
    this.receiver.fail(error);
    this.#close();
  }

  /** Datagrams that found no room, where the end of the stream told how many. */
  protected get droppedMessages(): number {
    return 0;
  }

  /** `isLast`: the stream is closed by this, and nothing more becomes known. */
  protected abstract messageCounts(isLast: boolean): MessageCounts;

  #stats(isLast: boolean): StreamStats {
    const { sender, receiver } = this;
    const counters = this.port.counters();
    const count = (position: number, otherwise: number): bigint => counters?.[position] ?? BigInt(otherwise);
    return {
      bytesSent: count(StreamCounter.sent, sender.acceptedBytes),
      bytesAcknowledged: count(StreamCounter.acknowledged, sender.isFinished ? sender.acceptedBytes : 0),
      bytesReceived: count(StreamCounter.received, receiver.consumedBytes),
      bytesConsumed: count(StreamCounter.consumed, receiver.consumedBytes),
      ...this.messageCounts(isLast),
      sendBufferedBytes: Number(count(StreamCounter.sendBuffered, 0)) + sender.keptBytes,
      receiveBufferedBytes: Number(count(StreamCounter.receiveBuffered, 0)),
    };
  }

  #closeWhenOver(): void {
    if (this.sender.isOver && this.receiver.isOver) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#last = this.#stats(true);
    this.#isClosed = true;
    this.#settle(this.#failure === null ? { status: 'finished' } : { status: 'failed', error: this.#failure });
  }
}

function checkCode(code: number): number {
  return integerOption('applicationCode', code, { min: 0, max: CODE_MAX, otherwise: 0 });
}
