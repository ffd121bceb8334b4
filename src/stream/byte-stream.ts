import type { Duplex } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { Peer } from '../api/peers.js';
import type { StreamStats } from '../api/stats.js';
import type { ByteStream, Priority } from '../api/streams.js';
import type { WaitOptions } from '../api/waiting.js';
import type { StreamSink } from '../engine/dispatch.js';
import { invalidOption, type OsierError } from '../errors/index.js';
import { bytesOption, integerOption, rejecting, signalOption } from '../errors/option-checks.js';
import { duplexOf } from './duplex.js';
import { batchesOf, viewsOf } from './iterators.js';
import { ReceiveSide } from './receive-side.js';
import { SendSide } from './send-side.js';
import { ResetReason, resetByPeer, resetHere, stoppedByPeer } from './stream-errors.js';
import { StreamCounter, type StreamPort } from './stream-port.js';
import { readableOf, writableOf } from './web-streams.js';

/** Largest application code: a u32 on the wire. */
const CODE_MAX = 0xffff_ffff;

/** What a stream knows from its opening. */
export interface StreamFacts {
  readonly protocol: string;
  readonly peer: Peer;
  readonly priority: Priority;
}

/** How a stream ended. */
export type StreamOutcome = { readonly status: 'finished' } | { readonly status: 'failed'; readonly error: OsierError };

/** One end of a 'bytes' stream: the engine's events come in, the application's calls go out. */
export class ByteStreamEnd implements ByteStream, StreamSink {
  readonly kind = 'bytes';
  readonly protocol: string;
  readonly peer: Peer;
  readonly priority: Priority;
  readonly handle: number;
  readonly closed: Promise<StreamOutcome>;
  readonly send: SendSide;
  readonly receive: ReceiveSide;
  readonly #port: StreamPort;
  readonly #settle: (outcome: StreamOutcome) => void;
  #failure: OsierError | null = null;
  #isClosed = false;
  /** The peer stopped reading before the end. */
  #stopped = false;
  /** As it was when the stream was closed: the engine forgets it after that. */
  #last: StreamStats | null = null;
  #endAborted = false;
  #readable: ReadableStream<Uint8Array> | null = null;
  #writable: WritableStream<Uint8Array> | null = null;

  constructor(port: StreamPort, facts: StreamFacts) {
    this.#port = port;
    this.handle = port.stream;
    this.protocol = facts.protocol;
    this.peer = facts.peer;
    this.priority = facts.priority;
    // What was cut off in the middle must not look whole.
    this.send = new SendSide(port, () => this.reset(0));
    this.receive = new ReceiveSide(port);
    let settle: (outcome: StreamOutcome) => void = () => {};
    this.closed = new Promise((resolve) => {
      settle = resolve;
    });
    this.#settle = settle;
  }

  write(bytes: Uint8Array, options?: WaitOptions): Promise<void> {
    return rejecting(() => this.send.write(bytesOption('bytes', bytes), signalOption(options?.signal)));
  }

  tryWrite(bytes: Uint8Array): boolean {
    return this.send.tryWrite(bytesOption('bytes', bytes));
  }

  ready(options?: WaitOptions): Promise<void> {
    return rejecting(() => this.send.ready(signalOption(options?.signal)));
  }

  flush(options?: WaitOptions): Promise<void> {
    return rejecting(() => this.send.flush(signalOption(options?.signal)));
  }

  end(options?: WaitOptions): Promise<void> {
    const ended = rejecting(() => this.send.end(signalOption(options?.signal)));
    ended.catch(() => {
      // Also marks it as handled: it may be left unawaited. What an abort left unfinished is reset on disposal.
      this.#endAborted = true;
    });
    return ended;
  }

  read(into: Uint8Array, options?: WaitOptions): Promise<number> {
    return rejecting(() => {
      if (bytesOption('into', into).length === 0) throw invalidOption('into', 'must have room for at least one byte');
      return this.receive.read(into, signalOption(options?.signal));
    });
  }

  views(): AsyncIterable<Uint8Array> {
    return viewsOf(this.receive);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array[]> {
    return batchesOf(this.receive);
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

  stop(applicationCode = 0): void {
    this.receive.stop(checkCode(applicationCode));
    this.#closeWhenOver();
  }

  reset(applicationCode = 0): void {
    this.giveUp(resetHere(checkCode(applicationCode)), ResetReason.application, applicationCode);
  }

  /** As {@link ByteStream.reset}, with another reason on the wire and another error here. */
  giveUp(error: OsierError, reason: number, code: number): void {
    if (this.#isClosed) return;
    this.#port.reset(reason, code);
    this.fail(error);
  }

  stats(): StreamStats {
    if (this.#last !== null) return { ...this.#last, bytesConsumed: BigInt(this.receive.consumedBytes) };
    const counters = this.#port.counters();
    const count = (position: number, otherwise: number): bigint => counters?.[position] ?? BigInt(otherwise);
    return {
      bytesSent: count(StreamCounter.sent, this.send.acceptedBytes),
      bytesAcknowledged: count(StreamCounter.acknowledged, this.send.isFinished ? this.send.acceptedBytes : 0),
      bytesReceived: count(StreamCounter.received, this.receive.consumedBytes),
      bytesConsumed: count(StreamCounter.consumed, this.receive.consumedBytes),
      sendBufferedBytes: Number(count(StreamCounter.sendBuffered, 0)) + this.send.keptBytes,
      receiveBufferedBytes: Number(count(StreamCounter.receiveBuffered, 0)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.send.hasEnded || this.#endAborted) this.reset(0);
    if (this.#isClosed) return;
    await this.end().catch(() => {});
    this.stop(0);
  }

  // ---- from the engine ----

  onReadable(byteCount: number, endIncluded: boolean): void {
    this.receive.onReadable(byteCount, endIncluded);
    this.#closeWhenOver();
  }

  onWritable(): void {
    this.send.onWritable();
  }

  onFinished(): void {
    this.send.onFinished();
    this.#closeWhenOver();
  }

  onFlushed(): void {
    this.send.onFlushed();
  }

  onReset(reason: number, code: number): void {
    const error = resetByPeer(this.protocol, reason, code);
    // A STOP that overtook it on the way said less.
    if (this.#stopped) {
      this.#failure = error;
      this.send.explain(error);
    }
    this.fail(error);
  }

  onStopped(code: number): void {
    const error = stoppedByPeer(code);
    if (!this.send.isOver) {
      this.#failure ??= error;
      this.#stopped = true;
    }
    this.send.fail(error);
    this.#closeWhenOver();
  }

  onClosed(): void {
    this.#close();
  }

  /**
   * The association ended. What this end sends fails; what it receives can still be read when all of it is here, and fails otherwise.
   */
  failWithAssociation(error: OsierError): void {
    if (!this.receive.keepWhenComplete()) {
      this.fail(error);
      return;
    }
    if (!this.send.isOver) this.#failure ??= error;
    this.send.fail(error);
    this.#close();
  }

  /** Both directions end now. Without effect on a direction that has ended. */
  fail(error: OsierError): void {
    if (!this.send.isOver || !this.receive.isOver) this.#failure ??= error;
    this.send.fail(error);
    this.receive.fail(error);
    this.#close();
  }

  #closeWhenOver(): void {
    if (this.send.isOver && this.receive.isOver) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#last = this.stats();
    this.#isClosed = true;
    this.#settle(this.#failure === null ? { status: 'finished' } : { status: 'failed', error: this.#failure });
  }
}

function checkCode(code: number): number {
  return integerOption('applicationCode', code, { min: 0, max: CODE_MAX, otherwise: 0 });
}
