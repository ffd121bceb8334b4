import type { OsierError } from '../errors/index.js';
import { streamEnded } from './stream-errors.js';
import type { StreamPort } from './stream-port.js';
import { Waiter, Waiters } from './waiters.js';

/**
 * What this end sends.
 *
 * ```text
 *   open --end()--> ending --everything accepted--> finishing --acknowledged--> finished
 *     \               \                                \
 *      +---------------+--------------fail()------------+--> failed
 * ```
 */
type SendState = { readonly status: 'open' | 'ending' | 'finishing' | 'finished' } | { readonly status: 'failed'; readonly error: OsierError };

/** Something that is to be sent and has to wait for room. */
export interface PendingSend {
  /** Hands over what there is room for; true when nothing is left. Throws when it will never be taken. */
  handOver(): boolean;
  /** A part was handed over, and the rest must follow. */
  readonly isBegun: boolean;
}

/** A place in the line; without a waiter when it was accepted already and is kept here until there is room. */
export interface LinePlace<P> {
  readonly pending: P;
  readonly waiter: Waiter<void> | null;
}

/** See {@link SendState}: the order of what is sent, backpressure, and who waits for what. The kinds of streams differ in what they send. */
export abstract class SendLine<P extends PendingSend = PendingSend> {
  protected readonly port: StreamPort;
  readonly #onTruncated: () => void;
  #state: SendState = { status: 'open' };
  readonly #line: LinePlace<P>[] = [];
  readonly #roomWaiters = new Waiters<void>();
  readonly #finishWaiters = new Waiters<void>();
  /** Those whose data the engine watches now, and those who came after it began to. */
  #watched = new Waiters<void>();
  #unwatched = new Waiters<void>();
  #isWatching = false;
  #isBlocked = false;

  /** `onTruncated`: something that {@link SendLine.end} was to wait for was aborted in its middle. */
  constructor(port: StreamPort, onTruncated: () => void) {
    this.port = port;
    this.#onTruncated = onTruncated;
  }

  /** Bytes that the engine accepted. */
  abstract get acceptedBytes(): number;

  /** Bytes that were accepted here and that the engine has no room for yet. */
  abstract get keptBytes(): number;

  /** Of all messages that the engine accepted. */
  get largestMessageBytes(): number {
    return 0;
  }

  /** The peer has all of it, the end included. */
  get isFinished(): boolean {
    return this.#state.status === 'finished';
  }

  /** {@link SendLine.end} was called, or sending is over anyhow. */
  get hasEnded(): boolean {
    return this.#state.status !== 'open';
  }

  /** Nothing more goes out from here. */
  get isOver(): boolean {
    return this.#state.status === 'finished' || this.#state.status === 'failed';
  }

  ready(signal: AbortSignal | undefined): Promise<void> {
    return this.refusal(signal) ?? (this.#isBlocked ? this.#roomWaiters.wait(signal) : Promise.resolve());
  }

  flush(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    this.port.handOver();
    if (this.#state.status === 'finished' || (this.#line.length === 0 && this.hasNothingUnsettled())) return Promise.resolve();
    const flushed = this.#unwatched.wait(signal);
    this.#watchNext();
    return flushed;
  }

  /** Ends after what was sent before. Rejects when sending fails first. */
  end(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status === 'finished') return Promise.resolve();
    const finished = this.#finishWaiters.wait(signal);
    if (this.#state.status === 'open') {
      this.port.handOver();
      this.#state = { status: 'ending' };
      this.#roomWaiters.rejectAll(streamEnded());
      this.#finishWhenAccepted();
    }
    return finished;
  }

  onWritable(): void {
    if (this.isOver) return;
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      try {
        if (!first.pending.handOver()) return;
        first.waiter?.resolve();
      } catch (error) {
        first.waiter?.reject(error);
      }
      this.#line.shift();
    }
    this.#isBlocked = false;
    this.#watchNext();
    this.#finishWhenAccepted();
    if (this.#state.status === 'open') this.#roomWaiters.resolveAll();
  }

  onFinished(): void {
    if (this.isOver) return;
    this.#state = { status: 'finished' };
    for (const waiters of [this.#watched, this.#unwatched, this.#finishWaiters]) waiters.resolveAll();
  }

  onFlushed(): void {
    this.#isWatching = false;
    this.#watched.resolveAll();
    this.#watchNext();
  }

  /** Sending ended early. Without effect when it is over. */
  fail(error: OsierError): void {
    if (this.isOver) return;
    this.#state = { status: 'failed', error };
    for (const { waiter } of this.#line.splice(0)) waiter?.reject(error);
    for (const waiters of [this.#roomWaiters, this.#watched, this.#unwatched, this.#finishWaiters]) waiters.rejectAll(error);
  }

  /** A better reason for what failed already. */
  explain(error: OsierError): void {
    if (this.#state.status === 'failed') this.#state = { status: 'failed', error };
  }

  /** Whether the peer has, or has lost, all that was accepted. False is safe. */
  protected abstract hasNothingUnsettled(): boolean;

  /** What was sent last did not fit; {@link SendLine.onWritable} follows. */
  protected get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** What waits for room, in the order of the calls. */
  protected get line(): readonly LinePlace<P>[] {
    return this.#line;
  }

  /** The rejection of a send that can not begin. */
  protected refusal(signal: AbortSignal | undefined): Promise<never> | null {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return this.#state.status === 'open' ? null : Promise.reject(this.#sendError());
  }

  /** Throws what a send would reject with. */
  protected checkOpen(): void {
    if (this.#state.status !== 'open') throw this.#sendError();
  }

  /** There is no room: everything after this waits. */
  protected block(): void {
    this.#isBlocked = true;
  }

  /** Resolves when `pending` is handed over, after everything before it. An abort takes it out of the line. */
  protected waitForRoom(pending: P, signal: AbortSignal | undefined): Promise<void> {
    this.#isBlocked = true;
    return new Promise((resolve, reject) => {
      const place: LinePlace<P> = { pending, waiter: new Waiter<void>(resolve, reject, signal, () => this.#forget(place)) };
      this.#line.push(place);
    });
  }

  /** Keeps what was accepted and does not fit. */
  protected keep(pending: P): void {
    this.#isBlocked = true;
    this.#line.push({ pending, waiter: null });
  }

  /** One group at a time: the engine tells that it is done, not which one. */
  #watchNext(): void {
    if (this.#isWatching || this.#unwatched.isEmpty || this.isOver || this.#line.some(({ waiter }) => waiter === null)) return;
    [this.#watched, this.#unwatched] = [this.#unwatched, this.#watched];
    this.#isWatching = true;
    this.port.watchAcknowledged();
  }

  #forget(place: LinePlace<P>): void {
    const index = this.#line.indexOf(place);
    if (index >= 0) this.#line.splice(index, 1);
    if (this.#state.status === 'ending' && place.pending.isBegun) this.#onTruncated();
    else this.#finishWhenAccepted();
  }

  #finishWhenAccepted(): void {
    if (this.#state.status !== 'ending' || this.#line.length > 0) return;
    this.#state = { status: 'finishing' };
    this.port.finish();
  }

  #sendError(): OsierError {
    return this.#state.status === 'failed' ? this.#state.error : streamEnded();
  }
}
