import type { StreamKind } from '../api/streams.js';
import type { OsierError } from '../errors/index.js';
import type { StreamEnd, StreamPort } from '../stream/index.js';
import { ArrivedBytes, ArrivedMessages } from './arrived.js';
import { sharedMicros } from './crossing.js';
import { decodeOsierError, encodeError } from './error-codec.js';
import { LeavingBytes, LeavingMessages } from './leaving.js';
import type { Outbox } from './outbox.js';
import type { StreamNews, StreamTold, ToShard } from './protocol.js';
import { RemoteCounters } from './remote-counters.js';

/** What `Engine.sendMessage` answers. */
const ACCEPTED = 0;
const NO_ROOM = 1;
const ENDED = -1;

/** The fate of a message: 1 delivered, 2 expired. */
const DELIVERED = 1;

/** A stream's calls into the engine of a shard: answered at once from what is known here, done when the shard hears of them. */
export class RemotePort implements StreamPort {
  readonly stream: number;
  /** Never called: what is accepted here stays. */
  onReturned = null;
  readonly #outbox: Outbox<ToShard>;
  readonly #isBytes: boolean;
  readonly #counted: RemoteCounters;
  readonly #leavingBytes = new LeavingBytes();
  readonly #leavingMessages = new LeavingMessages();
  readonly #arrivedBytes = new ArrivedBytes();
  readonly #arrivedMessages = new ArrivedMessages();
  #end: StreamEnd | null = null;
  /** Taken by the application, and not told to the shard yet. */
  #credit = 0;
  /** The shard sends no more of it. */
  #isSendingOver = false;
  #isOver = false;
  /** The engine has forgotten it; the end hears so when it has read what came before. */
  #isClosed = false;
  #droppedMessages = 0;

  constructor(outbox: Outbox<ToShard>, stream: number, kind: StreamKind, told: StreamTold) {
    this.#outbox = outbox;
    this.stream = stream;
    this.#isBytes = kind === 'bytes';
    this.#counted = new RemoteCounters(told);
  }

  /** `end` hears what the shard tells. `onOver`: the shard tells nothing more. */
  attach(end: StreamEnd, onOver: () => void): void {
    this.#end = end;
    end.closed.then((outcome) => {
      if (!this.#isOver) {
        this.#pushLeaving();
        this.#outbox.push({
          op: 'over',
          stream: this.stream,
          error: outcome.status === 'failed' ? encodeError(outcome.error) : null,
          stats: end.stats(),
        });
      }
      this.#isOver = true;
      onOver();
    });
  }

  // ---- from the stream ----

  write(bytes: Uint8Array): number {
    if (this.#isSendingOver) return ENDED;
    const accepted = this.#leavingBytes.add(bytes);
    if (accepted > 0) this.#outbox.defer(this.#pushLeaving);
    this.#counted.sentBytes += accepted;
    return accepted;
  }

  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    if (this.#isSendingOver) return ENDED;
    const deadline = lifetimeMicros === 0 ? 0 : sharedMicros() + lifetimeMicros;
    if (!this.#leavingMessages.add(bytes, options, deadline, token)) return NO_ROOM;
    this.#outbox.defer(this.#pushLeaving);
    this.#counted.sentMessages++;
    this.#counted.sentBytes += bytes.length;
    return ACCEPTED;
  }

  sendSoon(bytes: Uint8Array, options: number): number {
    return this.sendMessage(bytes, options, 0, 0);
  }

  handOver(): void {}

  finish(): void {
    this.#order({ op: 'finish', stream: this.stream });
  }

  watchAcknowledged(): void {
    this.#order({ op: 'watch', stream: this.stream });
  }

  reset(reason: number, code: number): void {
    this.#order({ op: 'reset', stream: this.stream, reason, code });
    this.#isSendingOver = true;
    this.#dropArrived();
  }

  stop(code: number): void {
    this.#order({ op: 'stop', stream: this.stream, code });
    this.#dropArrived();
  }

  /** For what this end sends. */
  setPriority(priority: number): void {
    this.#order({ op: 'priority', stream: this.stream, priority });
  }

  read(into: Uint8Array): number {
    const count = this.#arrivedBytes.read(into);
    this.#onTaken(count, count);
    return count;
  }

  peek(): Uint8Array | null {
    return this.#arrivedBytes.peek();
  }

  consume(byteCount: number): void {
    this.#arrivedBytes.drop(byteCount);
    this.#onTaken(byteCount, byteCount);
  }

  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    return this.#arrivedMessages.read(into, lengths, (windowBytes, byteCount) => this.#onTaken(windowBytes, byteCount));
  }

  maxDatagramBytes(): number {
    return this.#counted.told.maxDatagramBytes;
  }

  counters(): BigUint64Array {
    return this.#counted.bytes();
  }

  messageCounters(): BigUint64Array {
    return this.#counted.messages();
  }

  // ---- from the shard ----

  /** What the shard tells of this stream. */
  hear(news: StreamNews): void {
    if ('told' in news) this.#counted.told = news.told;
    const end = this.#end;
    if (end === null || this.#isOver) return;
    switch (news.op) {
      case 'data':
        this.#onData(end, news.bytes, news.lengths, news.end);
        return;
      case 'accepted':
        (this.#isBytes ? this.#leavingBytes : this.#leavingMessages).giveBack(news.bytes);
        end.onWritable();
        return;
      case 'finished':
        this.#counted.onFinished(news.expired);
        end.onFinished(news.expired);
        return;
      case 'flushed':
        end.onFlushed();
        return;
      case 'settled':
        this.#onSettled(end, news.fates);
        return;
      case 'wasReset':
        this.#isSendingOver = true;
        this.#dropArrived();
        end.onReset(news.reason, news.code, news.sizeBytes);
        return;
      case 'wasStopped':
        this.#isSendingOver = true;
        end.onStopped(news.reason, news.code);
        return;
      case 'closed':
        this.#isClosed = true;
        this.#droppedMessages = news.droppedMessages;
        this.#closeWhenRead();
        return;
      case 'lost':
        this.fail(decodeOsierError(news.error));
        return;
      case 'givenUp':
        this.#isOver = true;
        this.#isSendingOver = true;
        end.fail(decodeOsierError(news.error));
        return;
    }
  }

  /** The association, or the shard, is gone. */
  fail(error: OsierError): void {
    this.#isOver = true;
    this.#isSendingOver = true;
    this.#end?.failWithAssociation(error);
  }

  #onData(end: StreamEnd, bytes: Uint8Array, lengths: Uint32Array | null, endIncluded: boolean): void {
    this.#counted.receivedBytes += bytes.length;
    if (lengths === null) {
      this.#arrivedBytes.add(bytes);
      end.onReadable(this.#arrivedBytes.byteCount, endIncluded);
      return;
    }
    this.#counted.receivedMessages += lengths.length;
    this.#arrivedMessages.add(bytes, lengths);
    end.onReadable(this.#arrivedMessages.messageCount, endIncluded);
  }

  /** `fates`: token and fate, in turn. */
  #onSettled(end: StreamEnd, fates: Uint32Array): void {
    for (let at = 0; at < fates.length; at += 2) {
      const fate = fates[at + 1] ?? 0;
      if (fate === DELIVERED) this.#counted.delivered++;
      else this.#counted.expired++;
      end.onSettled(fates[at] ?? 0, fate);
    }
  }

  #onTaken(windowBytes: number, byteCount: number): void {
    if (windowBytes === 0) return;
    this.#counted.consumedBytes += byteCount;
    this.#credit += windowBytes;
    if (!this.#isOver) this.#outbox.defer(this.#pushCredit);
    this.#closeWhenRead();
  }

  /** After the read that took the last of it. */
  #closeWhenRead(): void {
    if (!this.#isClosed || this.#arrivedBytes.byteCount > 0 || this.#arrivedMessages.messageCount > 0) return;
    queueMicrotask(() => this.#end?.onClosed(this.#droppedMessages));
  }

  #dropArrived(): void {
    this.#arrivedBytes.clear();
    this.#arrivedMessages.clear();
  }

  /** After everything that was sent before. */
  #order(order: ToShard): void {
    if (this.#isOver) return;
    this.#pushLeaving();
    this.#outbox.push(order);
  }

  readonly #pushLeaving = (): void => {
    if (this.#isOver) return;
    const bytes = this.#leavingBytes.take();
    if (bytes !== null) this.#outbox.push({ op: 'write', stream: this.stream, bytes }, bytes);
    const messages = this.#leavingMessages.take();
    if (messages !== null) this.#outbox.push({ op: 'send', stream: this.stream, ...messages }, messages.bytes);
  };

  readonly #pushCredit = (): void => {
    if (this.#isOver || this.#credit === 0) return;
    this.#outbox.push({ op: 'credit', stream: this.stream, bytes: this.#credit });
    this.#credit = 0;
  };
}
