import type { Peer } from '../api/peers.js';
import type { StreamStats } from '../api/stats.js';
import type { StreamKind } from '../api/streams.js';
import type { OsierError } from '../errors/index.js';
import { type AssociationStream, MessageCounter, StreamCounter, type StreamOutcome, type StreamPort } from '../stream/index.js';
import type { CrossingBudget } from './crossing-budget.js';
import { decodeOsierError, encodeError } from './error-codec.js';
import type { Outbox } from './outbox.js';
import type { FromShard, StreamOrder, StreamTold } from './protocol.js';
import { RelayReader } from './relay-reader.js';
import { RelaySender } from './relay-sender.js';

/** What a relayed stream is. */
export interface RelayFacts {
  readonly protocol: string;
  readonly kind: StreamKind;
  readonly peer: Peer;
}

/** What a relayed stream leaves to others. */
export interface RelayListener {
  onPriority(priority: number): void;
  /** Something is about to be told of it. */
  onNews(): void;
}

/** A stream in the engine of this shard whose application is on the main thread: the shard's half of {@link RemotePort}. */
export class RelayedStream implements AssociationStream {
  readonly handle: number;
  readonly protocol: string;
  readonly kind: StreamKind;
  readonly peer: Peer;
  readonly closed: Promise<StreamOutcome>;
  /** What the main thread calls it. */
  readonly id: number;
  readonly #port: StreamPort;
  readonly #outbox: Outbox<FromShard>;
  readonly #listener: RelayListener;
  readonly #sender: RelaySender;
  readonly #reader: RelayReader;
  #settle: (outcome: StreamOutcome) => void = () => {};
  /** The engine took, and the main thread was not told yet. */
  #accepted = 0;
  #fates: number[] = [];
  #told: StreamTold = { acknowledgedBytes: 0n, receivedBytes: 0n, delivered: 0n, expired: 0n, unknown: 0n, dropped: 0n, maxDatagramBytes: 0 };
  /** At the last {@link RelayedStream.tellCounted}. */
  #counted = this.#told;
  #isOver = false;
  /** When it is over. */
  #last: StreamStats | null = null;

  /** `budget`: of all that is on its way from this shard. */
  constructor(outbox: Outbox<FromShard>, id: number, port: StreamPort, budget: CrossingBudget, facts: RelayFacts, listener: RelayListener) {
    this.#outbox = outbox;
    this.id = id;
    this.#port = port;
    this.handle = port.stream;
    this.protocol = facts.protocol;
    this.kind = facts.kind;
    this.peer = facts.peer;
    this.#listener = listener;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#sender = new RelaySender(port, (windowBytes) => {
      this.#accepted += windowBytes;
      outbox.defer(this.#tellAccepted);
    });
    this.#reader = new RelayReader(port, facts.kind === 'bytes', budget, (bytes, lengths, end) => {
      listener.onNews();
      outbox.push({ op: 'data', stream: id, bytes, lengths, end }, bytes);
    });
  }

  // ---- from the main thread ----

  obey(order: StreamOrder): void {
    if (this.#isOver) return;
    switch (order.op) {
      case 'write':
        this.#sender.write(order.bytes);
        return;
      case 'send':
        this.#sender.send(order);
        return;
      case 'finish':
        this.#sender.finish();
        return;
      case 'watch':
        this.#sender.watchAcknowledged();
        return;
      case 'credit':
        this.#reader.onCredit(order.bytes);
        return;
      case 'priority':
        this.#listener.onPriority(order.priority);
        return;
      case 'stop':
        this.#reader.stop();
        this.#port.stop(order.code);
        return;
      case 'reset':
        this.#sender.drop();
        this.#reader.stop();
        this.#port.reset(order.reason, order.code);
        return;
      case 'over':
        this.#last = order.stats;
        this.#end(order.error === null ? { status: 'finished' } : { status: 'failed', error: decodeOsierError(order.error) });
        return;
    }
  }

  // ---- from the engine ----

  onReadable(count: number, endIncluded: boolean): void {
    if (this.#isOver) return;
    this.#reader.onReadable(count, endIncluded);
    if (this.kind === 'datagrams') this.#outbox.defer(this.#tellDropped);
  }

  onWritable(): void {
    this.#sender.pump();
  }

  onFinished(expired: number): void {
    this.#tellFates();
    this.#outbox.push({ op: 'finished', stream: this.id, expired, told: this.told() });
  }

  onReset(reason: number, code: number, sizeBytes: number): void {
    this.#sender.drop();
    this.#reader.stop();
    this.#tellFates();
    this.#outbox.push({ op: 'wasReset', stream: this.id, reason, code, sizeBytes, told: this.told() });
  }

  onStopped(reason: number, code: number): void {
    this.#sender.drop();
    this.#tellFates();
    this.#outbox.push({ op: 'wasStopped', stream: this.id, reason, code, told: this.told() });
  }

  onFlushed(): void {
    this.#tellFates();
    this.#outbox.push({ op: 'flushed', stream: this.id, told: this.told() });
  }

  onSettled(token: number, fate: number): void {
    this.#fates.push(token, fate);
    this.#outbox.defer(this.#tellFates);
  }

  onClosed(droppedMessages: number): void {
    this.#tellFates();
    this.#outbox.push({ op: 'closed', stream: this.id, droppedMessages });
  }

  failWithAssociation(error: OsierError): void {
    if (this.#isOver) return;
    this.#reader.readRest();
    this.#tellFates();
    this.#outbox.push({ op: 'lost', stream: this.id, error: encodeError(error), told: this.told() });
    this.#end({ status: 'failed', error });
  }

  giveUp(error: OsierError, reason: number, code: number): void {
    if (this.#isOver) return;
    this.#port.reset(reason, code);
    this.#tellFates();
    this.#outbox.push({ op: 'givenUp', stream: this.id, error: encodeError(error), told: this.told() });
    this.#end({ status: 'failed', error });
  }

  stats(): StreamStats {
    if (this.#last !== null) return this.#last;
    const counters = [...(this.#port.counters() ?? [])];
    const messages = [...(this.#port.messageCounters() ?? [])];
    const count = (position: number): bigint => counters[position] ?? 0n;
    return {
      bytesSent: count(StreamCounter.sent),
      bytesAcknowledged: count(StreamCounter.acknowledged),
      bytesReceived: count(StreamCounter.received),
      bytesConsumed: count(StreamCounter.consumed),
      messagesSent: messages[MessageCounter.sent] ?? 0n,
      messagesDelivered: messages[MessageCounter.delivered] ?? 0n,
      messagesExpired: messages[MessageCounter.expired] ?? 0n,
      messagesUnknown: messages[MessageCounter.unknown] ?? 0n,
      messagesReceived: messages[MessageCounter.received] ?? 0n,
      messagesDropped: messages[MessageCounter.dropped] ?? 0n,
      sendBufferedBytes: Number(count(StreamCounter.sendBuffered)) + this.#sender.keptBytes,
      receiveBufferedBytes: Number(count(StreamCounter.receiveBuffered)),
    };
  }

  /** Nothing crosses any more. */
  #end(outcome: StreamOutcome): void {
    this.#last ??= this.stats();
    this.#isOver = true;
    this.#sender.drop();
    this.#reader.stop();
    this.#settle(outcome);
  }

  /** What the engine knows now, or knew last. */
  told(): StreamTold {
    this.#listener.onNews();
    const counters = this.#port.counters();
    if (counters === null) return this.#told;
    const messages = this.kind === 'bytes' ? null : this.#port.messageCounters();
    this.#told = {
      acknowledgedBytes: counters[StreamCounter.acknowledged] ?? 0n,
      receivedBytes: counters[StreamCounter.received] ?? 0n,
      delivered: messages?.[MessageCounter.delivered] ?? 0n,
      expired: messages?.[MessageCounter.expired] ?? 0n,
      unknown: messages?.[MessageCounter.unknown] ?? 0n,
      dropped: messages?.[MessageCounter.dropped] ?? 0n,
      maxDatagramBytes: this.kind === 'datagrams' ? this.#port.maxDatagramBytes() : 0,
    };
    return this.#told;
  }

  /** Tells what has changed since the last time, which nothing else may have brought along. */
  tellCounted(): void {
    if (this.#isOver) return;
    const before = this.#counted;
    this.#counted = this.told();
    if (!isSame(before, this.#counted)) this.#outbox.push({ op: 'counted', stream: this.id, told: this.#counted });
  }

  readonly #tellAccepted = (): void => {
    if (this.#accepted === 0 || this.#isOver) return;
    this.#outbox.push({ op: 'accepted', stream: this.id, bytes: this.#accepted, told: this.told() });
    this.#accepted = 0;
  };

  /** More datagrams found no room here. */
  readonly #tellDropped = (): void => {
    const before = this.#told.dropped;
    if (!this.#isOver && this.told().dropped > before) this.#outbox.push({ op: 'counted', stream: this.id, told: this.#told });
  };

  readonly #tellFates = (): void => {
    if (this.#fates.length === 0) return;
    const fates = Uint32Array.from(this.#fates);
    this.#fates = [];
    this.#outbox.push({ op: 'settled', stream: this.id, fates });
  };
}

function isSame(a: StreamTold, b: StreamTold): boolean {
  return (Object.keys(a) as (keyof StreamTold)[]).every((name) => a[name] === b[name]);
}
