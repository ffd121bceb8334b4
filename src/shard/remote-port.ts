import type { StreamKind } from '../api/streams.js';
import type { OsierError } from '../errors/index.js';
import type { StreamEnd, StreamPort } from '../stream/index.js';
import type { CrossingBudget } from './crossing-budget.js';
import { decodeOsierError, encodeError } from './error-codec.js';
import type { Outbox } from './outbox.js';
import type { StreamNews, StreamTold, ToShard } from './protocol.js';
import { RemoteCounters } from './remote-counters.js';
import { RemoteReceiver } from './remote-receiver.js';
import { RemoteSender } from './remote-sender.js';

/** The fate of a message: 1 delivered, 2 expired. */
const DELIVERED = 1;

/** A stream's calls into the engine of a shard: answered at once from what is known here, done when the shard hears of them. */
export class RemotePort implements StreamPort {
  readonly stream: number;
  readonly #outbox: Outbox<ToShard>;
  readonly #counted: RemoteCounters;
  readonly #sender: RemoteSender;
  readonly #receiver: RemoteReceiver;
  #end: StreamEnd | null = null;
  #isOver = false;
  /** The engine has forgotten it; the end hears so when it has read what came before. */
  #isClosed = false;
  #droppedMessages = 0;

  /** `budget`: of all that is on its way to the shards. */
  constructor(outbox: Outbox<ToShard>, stream: number, kind: StreamKind, budget: CrossingBudget, told: StreamTold) {
    this.#outbox = outbox;
    this.stream = stream;
    this.#counted = new RemoteCounters(told);
    this.#sender = new RemoteSender(outbox, stream, kind === 'bytes', budget, this.#counted);
    this.#receiver = new RemoteReceiver(outbox, stream, this.#counted, () => this.#closeWhenRead());
  }

  /** `end` hears what the shard tells. `onOver`: the shard tells nothing more. */
  attach(end: StreamEnd, onOver: () => void): void {
    this.#end = end;
    end.closed.then((outcome) => {
      if (!this.#isOver) {
        const error = outcome.status === 'failed' ? encodeError(outcome.error) : null;
        this.#order({ op: 'over', stream: this.stream, error, stats: end.stats() });
      }
      this.#giveUp();
      onOver();
    });
  }

  // ---- from the stream ----

  write(bytes: Uint8Array): number {
    return this.#sender.write(bytes);
  }

  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    return this.#sender.sendMessage(bytes, options, lifetimeMicros, token);
  }

  finish(): void {
    this.#order({ op: 'finish', stream: this.stream });
  }

  watchAcknowledged(): void {
    this.#order({ op: 'watch', stream: this.stream });
  }

  reset(reason: number, code: number): void {
    this.#order({ op: 'reset', stream: this.stream, reason, code });
    this.#sender.end();
    this.#receiver.stop();
  }

  stop(code: number): void {
    this.#order({ op: 'stop', stream: this.stream, code });
    this.#receiver.stop();
  }

  /** For what this end sends. */
  setPriority(priority: number): void {
    this.#order({ op: 'priority', stream: this.stream, priority });
  }

  read(into: Uint8Array): number {
    return this.#receiver.read(into);
  }

  peek(): Uint8Array | null {
    return this.#receiver.peek();
  }

  consume(byteCount: number): void {
    this.#receiver.consume(byteCount);
  }

  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    return this.#receiver.readMessages(into, lengths);
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
        end.onReadable(this.#receiver.add(news.bytes, news.lengths), news.end);
        return;
      case 'accepted':
        this.#sender.onAccepted(news.bytes);
        end.onWritable();
        return;
      case 'counted':
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
        this.#sender.end();
        this.#receiver.stop();
        end.onReset(news.reason, news.code, news.sizeBytes);
        return;
      case 'wasStopped':
        this.#sender.end();
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
        this.#giveUp();
        end.fail(decodeOsierError(news.error));
        return;
    }
  }

  /** The association, or the shard, is gone. */
  fail(error: OsierError): void {
    this.#giveUp();
    this.#end?.failWithAssociation(error);
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

  /** After the read that took the last of it. */
  #closeWhenRead(): void {
    if (!this.#isClosed || !this.#receiver.isEmpty) return;
    queueMicrotask(() => this.#end?.onClosed(this.#droppedMessages));
  }

  /** After everything that was sent before. */
  #order(order: ToShard): void {
    if (this.#isOver) return;
    this.#sender.push();
    this.#outbox.push(order);
  }

  /** Nothing crosses any more. */
  #giveUp(): void {
    this.#isOver = true;
    this.#sender.end();
    this.#receiver.end();
  }
}
