import type { OsierError } from '../errors/index.js';
import { streamEnded } from './stream-errors.js';
import { StreamCounter, type StreamPort } from './stream-port.js';
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

/** A write that waits for room. */
interface PendingWrite {
  readonly bytes: Uint8Array;
  accepted: number;
  readonly waiter: Waiter<void> | null;
}

/** See {@link SendState}: the order of writes, backpressure, and who waits for what. */
export class SendSide {
  readonly #port: StreamPort;
  readonly #onTruncated: () => void;
  #state: SendState = { status: 'open' };
  readonly #pending: PendingWrite[] = [];
  readonly #roomWaiters = new Waiters<void>();
  readonly #finishWaiters = new Waiters<void>();
  /** Those whose bytes the engine watches now, and those who came after it began to. */
  #watched = new Waiters<void>();
  #unwatched = new Waiters<void>();
  #isWatching = false;
  /** The last write did not fit; {@link SendSide.onWritable} follows. */
  #isBlocked = false;
  #acceptedBytes = 0;

  /** `onTruncated`: a write that {@link SendSide.end} was to wait for was aborted in its middle. */
  constructor(port: StreamPort, onTruncated: () => void) {
    this.#port = port;
    this.#onTruncated = onTruncated;
  }

  /** Bytes that the engine accepted. */
  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  /** Bytes that were accepted here and that the engine has no room for yet. */
  get keptBytes(): number {
    return this.#pending.reduce((sum, { bytes, accepted, waiter }) => sum + (waiter === null ? bytes.length - accepted : 0), 0);
  }

  /** The peer has all of it, the end included. */
  get isFinished(): boolean {
    return this.#state.status === 'finished';
  }

  /** {@link SendSide.end} was called, or sending is over anyhow. */
  get hasEnded(): boolean {
    return this.#state.status !== 'open';
  }

  /** Nothing more goes out from here. */
  get isOver(): boolean {
    return this.#state.status === 'finished' || this.#state.status === 'failed';
  }

  write(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status !== 'open') return Promise.reject(this.#writeError());
    const accepted = this.#isBlocked ? 0 : this.#accept(bytes);
    if (accepted === bytes.length) return Promise.resolve();
    this.#isBlocked = true;
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<void>(resolve, reject, signal, () => this.#forget(pending));
      const pending: PendingWrite = { bytes, accepted, waiter };
      this.#pending.push(pending);
    });
  }

  /** Throws what a write would reject with. */
  tryWrite(bytes: Uint8Array): boolean {
    if (this.#state.status !== 'open') throw this.#writeError();
    if (this.#isBlocked) return false;
    const accepted = this.#accept(bytes);
    if (accepted === bytes.length) return true;
    this.#isBlocked = true;
    if (accepted === 0) return false;
    // What does not fit is kept here: one array at most, since nothing more is taken before it is gone.
    this.#pending.push({ bytes: bytes.slice(accepted), accepted: 0, waiter: null });
    return true;
  }

  ready(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status !== 'open') return Promise.reject(this.#writeError());
    return this.#isBlocked ? this.#roomWaiters.wait(signal) : Promise.resolve();
  }

  flush(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status === 'finished' || this.#isDrained()) return Promise.resolve();
    const flushed = this.#unwatched.wait(signal);
    this.#watchNext();
    return flushed;
  }

  /** Ends after what was written before. Rejects when sending fails first. */
  end(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status === 'finished') return Promise.resolve();
    const finished = this.#finishWaiters.wait(signal);
    if (this.#state.status === 'open') {
      this.#state = { status: 'ending' };
      this.#roomWaiters.rejectAll(streamEnded());
      this.#finishWhenAccepted();
    }
    return finished;
  }

  onWritable(): void {
    if (this.isOver) return;
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      first.accepted += this.#accept(first.accepted === 0 ? first.bytes : first.bytes.subarray(first.accepted));
      if (first.accepted < first.bytes.length) return;
      this.#pending.shift();
      first.waiter?.resolve();
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
    for (const pending of this.#pending.splice(0)) pending.waiter?.reject(error);
    for (const waiters of [this.#roomWaiters, this.#watched, this.#unwatched, this.#finishWaiters]) waiters.rejectAll(error);
  }

  /** A better reason for what failed already. */
  explain(error: OsierError): void {
    if (this.#state.status === 'failed') this.#state = { status: 'failed', error };
  }

  #accept(bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    const accepted = Math.max(0, this.#port.write(bytes));
    this.#acceptedBytes += accepted;
    return accepted;
  }

  /** One group at a time: the engine tells that it is done, not which one. */
  #watchNext(): void {
    if (this.#isWatching || this.#unwatched.isEmpty || this.keptBytes > 0 || this.isOver) return;
    [this.#watched, this.#unwatched] = [this.#unwatched, this.#watched];
    this.#isWatching = true;
    this.#port.watchAcknowledged();
  }

  #isDrained(): boolean {
    return this.#pending.length === 0 && this.#port.counters()?.[StreamCounter.sendBuffered] === 0n;
  }

  #forget(pending: PendingWrite): void {
    const index = this.#pending.indexOf(pending);
    if (index >= 0) this.#pending.splice(index, 1);
    if (this.#state.status === 'ending' && pending.accepted > 0) this.#onTruncated();
    else this.#finishWhenAccepted();
  }

  #finishWhenAccepted(): void {
    if (this.#state.status !== 'ending' || this.#pending.length > 0) return;
    this.#state = { status: 'finishing' };
    this.#port.finish();
  }

  #writeError(): OsierError {
    return this.#state.status === 'failed' ? this.#state.error : streamEnded();
  }
}
