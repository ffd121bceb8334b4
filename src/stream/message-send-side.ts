import type { MessageOutcome } from '../api/streams.js';
import type { Clock } from '../api/waiting.js';
import { SendAnswer } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import { FateTable } from './fate-table.js';
import type { Delivery } from './message-options.js';
import { type PendingSend, SendLine } from './send-line.js';
import { fateUntold, tooLarge } from './stream-errors.js';
import type { StreamPort } from './stream-port.js';

/** Bits of the options of {@link Engine.sendMessage}. */
const UNORDERED = 1;
const TELL_FATE = 2;

/** How a fate is told. */
const DELIVERED = 1;
const EXPIRED = 2;

/** How this end sends messages. */
export interface MessageSending extends Delivery {
  /** A message is sent once, whatever becomes of it. */
  readonly isOneShot: boolean;
  /** The largest message. */
  readonly maxBytes: number;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** A message that has to wait for room. Its lifetime runs while it waits. */
class PendingMessage implements PendingSend {
  /** Whole or not at all. */
  readonly isBegun = false;
  readonly #accept: (lifetimeMs: number | null) => boolean;
  readonly #lifetimeMs: number | null;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #sinceMs: number;

  constructor(lifetimeMs: number | null, clock: Pick<Clock, 'nowMs'>, accept: (lifetimeMs: number | null) => boolean) {
    this.#accept = accept;
    this.#lifetimeMs = lifetimeMs;
    this.#clock = clock;
    this.#sinceMs = clock.nowMs();
  }

  handOver(): boolean {
    const lifetimeMs = this.#lifetimeMs;
    return this.#accept(lifetimeMs === null ? null : Math.max(0, lifetimeMs - (this.#clock.nowMs() - this.#sinceMs)));
  }
}

/** What this end of a stream of messages or datagrams sends: each is accepted whole, or waits. */
export class MessageSendSide extends SendLine<PendingMessage> {
  readonly #sending: MessageSending;
  readonly #fates = new FateTable();
  #acceptedMessages = 0;
  #acceptedBytes = 0;
  #largestBytes = 0;
  /** Of the messages whose fate was asked for. */
  #deliveredMessages = 0;
  #expiredMessages = 0;
  #mayLose: boolean;
  /** Of messages that the engine had room for, and no longer has. */
  #keptBytes = 0;

  constructor(port: StreamPort, sending: MessageSending) {
    super(port, () => {});
    this.#sending = sending;
    this.#mayLose = sending.isOneShot;
    port.onReturned = (message, options) => this.#keepReturned(message, options);
  }

  /** Messages that the engine accepted. */
  get acceptedMessages(): number {
    return this.#acceptedMessages;
  }

  /** Those that are known here to have been delivered: at the end of what can not expire, all. */
  get deliveredMessages(): number {
    return this.isFinished && !this.#mayLose ? this.#acceptedMessages : this.#deliveredMessages;
  }

  /** Those that are known here to have expired. */
  get expiredMessages(): number {
    return this.#expiredMessages;
  }

  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  override get largestMessageBytes(): number {
    return this.#largestBytes;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Resolves when `message` is accepted. Without `lifetimeMs` it has the stream's. Throws TOO_LARGE. */
  send(message: Uint8Array, lifetimeMs: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    return this.#submit(message, lifetimeMs, null, signal);
  }

  /** Throws what a send would reject with. */
  trySend(message: Uint8Array): boolean {
    this.checkOpen();
    this.#checkSize(message);
    if (this.isBlocked) return false;
    const isAccepted = this.#accept(message, this.#sending.lifetimeMs, null);
    if (!isAccepted) this.block();
    return isAccepted;
  }

  /** Resolves with the fate of `message`, once it was accepted; an abort after that changes nothing. */
  async deliver(message: Uint8Array, lifetimeMs: number | undefined, signal: AbortSignal | undefined): Promise<MessageOutcome> {
    const fate = this.#fates.expect();
    try {
      await this.#submit(message, lifetimeMs, fate.token, signal);
    } catch (error) {
      this.#fates.forget(fate.token);
      throw error;
    }
    return fate.outcome;
  }

  onSettled(token: number, fate: number): void {
    if (fate === DELIVERED) {
      this.#deliveredMessages++;
      this.#fates.settle(token, { status: 'delivered' });
    } else if (fate === EXPIRED) {
      this.#expiredMessages++;
      this.#fates.settle(token, { status: 'expired' });
    }
  }

  /** The engine tells no more fates. */
  onClosed(): void {
    this.#fates.settleAll(fateUntold());
  }

  override fail(error: OsierError): void {
    if (this.isOver) return;
    super.fail(error);
    this.#keptBytes = 0;
    this.#fates.settleAll(error);
  }

  protected hasNothingUnsettled(): boolean {
    const counters = this.port.messageCounters();
    if (counters === null) return false;
    const [sent = 0n, delivered = 0n, expired = 0n, unknown = 0n] = counters;
    return sent === delivered + expired + unknown;
  }

  #submit(message: Uint8Array, lifetimeMs: number | undefined, token: number | null, signal: AbortSignal | undefined): Promise<void> {
    const refusal = this.refusal(signal);
    if (refusal !== null) return refusal;
    this.#checkSize(message);
    const ownLifetimeMs = lifetimeMs ?? this.#sending.lifetimeMs;
    if (!this.isBlocked && this.#accept(message, ownLifetimeMs, token)) return Promise.resolve();
    const accept = (restMs: number | null): boolean => this.#accept(message, restMs, token);
    return this.waitForRoom(new PendingMessage(ownLifetimeMs, this.#sending.clock, accept), signal);
  }

  #accept(message: Uint8Array, lifetimeMs: number | null, token: number | null): boolean {
    const options = (this.#sending.ordered ? 0 : UNORDERED) | (token === null ? 0 : TELL_FATE);
    const isPlain = lifetimeMs === null && token === null && this.line.length === 0;
    const answer = isPlain
      ? this.port.sendSoon(message, options)
      : this.port.sendMessage(message, options, lifetimeMs === null ? 0 : micros(lifetimeMs), token ?? 0);
    if (answer === SendAnswer.tooLarge) throw tooLarge(message.length, this.#sending.maxBytes);
    // No room; or sending has ended, and the record that says why is on its way.
    if (answer !== SendAnswer.accepted) return false;
    this.#acceptedMessages++;
    this.#acceptedBytes += message.length;
    if (message.length > this.#largestBytes) this.#largestBytes = message.length;
    this.#mayLose ||= lifetimeMs !== null;
    return true;
  }

  /** It counts as accepted already, and has no lifetime. */
  #keepReturned(message: Uint8Array, options: number): void {
    if (this.isOver) return;
    this.#keptBytes += message.length;
    const handOver = (): boolean => {
      if (this.port.sendMessage(message, options, 0, 0) !== SendAnswer.accepted) return false;
      this.#keptBytes -= message.length;
      return true;
    };
    this.keep(new PendingMessage(null, this.#sending.clock, handOver));
  }

  #checkSize(message: Uint8Array): void {
    const { maxBytes } = this.#sending;
    if (message.length > maxBytes) throw tooLarge(message.length, maxBytes);
  }
}

/** At least 1: to the engine 0 is no lifetime, here it is one that is over at once. */
function micros(ms: number): number {
  return Math.max(1, Math.round(ms * 1_000));
}
