import type { OsierError } from '../errors/index.js';
import { KeptBytes } from './kept-bytes.js';
import type { StreamPort } from './stream-port.js';
import { Waiter } from './waiters.js';

/** Largest chunk of a batch: large enough for the copy to cost more than the call, small enough for allocators. */
const CHUNK_BYTES = 256 * 1024;

/**
 * What this end receives.
 *
 * ```text
 *   open --the end was read--> ended
 *     \--stop()--> stopped          read as the end
 *      \--fail()--> failed
 * ```
 */
type ReceiveState = { readonly status: 'open' | 'ended' | 'stopped' } | { readonly status: 'failed'; readonly error: OsierError };

/** What bytes are read from. */
export interface ReadSource {
  /** Bytes copied; 0: nothing is there; -1: the end, or a dead handle. */
  read(into: Uint8Array): number;
  peek(): Uint8Array | null;
  consume(byteCount: number): void;
}

/** A read that waits for bytes. */
class PendingRead<T> {
  readonly #take: () => T | undefined;
  readonly #atEnd: T;
  readonly #waiter: Waiter<T>;

  constructor(take: () => T | undefined, atEnd: T, waiter: Waiter<T>) {
    this.#take = take;
    this.#atEnd = atEnd;
    this.#waiter = waiter;
  }

  /** Takes what there is; false when there is nothing after all. */
  serve(): boolean {
    const taken = this.#take();
    if (taken === undefined) return false;
    this.#waiter.resolve(taken);
    return true;
  }

  end(): void {
    this.#waiter.resolve(this.#atEnd);
  }

  reject(error: unknown): void {
    this.#waiter.reject(error);
  }
}

/** See {@link ReceiveState}: who gets which bytes. `null` stands for the end of the stream. */
export class ReceiveSide {
  readonly #port: StreamPort;
  /** Where bytes come from: the engine, until the association ends. */
  #source: ReadSource;
  #state: ReceiveState = { status: 'open' };
  readonly #pending: Pick<PendingRead<unknown>, 'serve' | 'end' | 'reject'>[] = [];
  /**
   * As of the last report of the engine, less what was read since. At least what is there: bytes that were read after the engine wrote its report and
   * before the report came here are counted still. What the engine gives is what counts.
   */
  #availableBytes = 0;
  #endSeen = false;
  #consumedBytes = 0;
  /** Length of the view that the application holds. */
  #viewBytes = 0;

  constructor(port: StreamPort) {
    this.#port = port;
    this.#source = port;
  }

  /** Bytes that the application took. */
  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** Reads reject. */
  get hasFailed(): boolean {
    return this.#state.status === 'failed';
  }

  /** Nothing more comes out of here. */
  get isOver(): boolean {
    return this.#state.status !== 'open';
  }

  /** All that there is, in arrays that the caller owns. */
  batch(): Promise<Uint8Array[] | null> {
    return this.#pull<Uint8Array[] | null>(this.#takeBatch, null, undefined);
  }

  /** What there is, in one array of at most 256 KiB that the caller owns. */
  chunk(): Promise<Uint8Array | null> {
    return this.#pull<Uint8Array | null>(this.#takeChunk, null, undefined);
  }

  /** Fills `into` as far as there is something; 0 at the end. */
  read(into: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const take = (): number | undefined =>
      this.#take(into.length > this.#availableBytes ? into.subarray(0, this.#availableBytes) : into) || undefined;
    return this.#pull(take, 0, signal);
  }

  /** The head of the receive ring; valid until the next call of any method here. */
  view(): Promise<Uint8Array | null> {
    this.releaseView();
    return this.#pull<Uint8Array | null>(this.#takeView, null, undefined);
  }

  /** Gives back what the application looked at. */
  releaseView(): void {
    this.#releaseView();
    this.#serve();
  }

  /** Reads no more; the peer is told. Reads that wait, and later ones, find the end. */
  stop(code: number): void {
    if (this.isOver) return;
    // The bytes of a view that the application still holds stay what they are: they are not given back.
    this.#consumedBytes += this.#viewBytes;
    this.#viewBytes = 0;
    this.#port.stop(code);
    this.#end('stopped');
  }

  onReadable(byteCount: number, endIncluded: boolean): void {
    if (this.isOver) return;
    this.#availableBytes = byteCount;
    this.#endSeen ||= endIncluded;
    this.#serve();
    this.#endWhenDrained();
  }

  /**
   * The engine is about to forget the stream. When all of it has come, with its end, what is unread is kept here and can still be read. Returns
   * whether that is so.
   */
  keepWhenComplete(): boolean {
    if (this.isOver || !this.#endSeen) return this.isOver;
    // A view that the application holds stays the head of what is kept.
    const unread = new Uint8Array(this.#availableBytes);
    const count = this.#source.read(unread);
    // Fewer than were told is all that there is, unless the engine has forgotten the stream already.
    if (count < unread.length && this.#port.counters() === null) return false;
    this.#availableBytes = Math.max(0, count);
    this.#source = new KeptBytes(unread.subarray(0, this.#availableBytes));
    this.#endWhenDrained();
    return true;
  }

  /** Receiving ended early. Without effect when it is over. */
  fail(error: OsierError): void {
    if (this.isOver) return;
    this.#state = { status: 'failed', error };
    this.#viewBytes = 0;
    for (const read of this.#pending.splice(0)) read.reject(error);
  }

  /** What `take` takes, as soon as it takes something: it returns `undefined` when there is nothing after all. `atEnd` when nothing will come. */
  #pull<T>(take: () => T | undefined, atEnd: T, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status !== 'open') return Promise.resolve(atEnd);
    if (this.#pending.length === 0 && this.#hasBytes()) {
      const taken = take();
      if (taken !== undefined || this.isOver) return Promise.resolve(taken ?? atEnd);
    }
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<T>(resolve, reject, signal, () => this.#pending.splice(this.#pending.indexOf(read), 1));
      const read = new PendingRead(take, atEnd, waiter);
      this.#pending.push(read);
    });
  }

  #serve(): void {
    while (this.#hasBytes()) {
      const first = this.#pending.shift();
      if (first === undefined) return;
      if (first.serve()) continue;
      if (this.isOver) first.end();
      else this.#pending.unshift(first);
    }
  }

  /** Whether there are bytes that nobody looks at. */
  #hasBytes(): boolean {
    return this.#availableBytes > this.#viewBytes;
  }

  #endWhenDrained(): void {
    if (this.isOver || !this.#endSeen || this.#availableBytes > 0) return;
    this.#end('ended');
  }

  #end(status: 'ended' | 'stopped'): void {
    this.#state = { status };
    for (const read of this.#pending.splice(0)) read.end();
  }

  readonly #takeBatch = (): Uint8Array[] | undefined => {
    const batch: Uint8Array[] = [];
    do {
      const chunk = this.#takeChunk();
      if (chunk !== undefined) batch.push(chunk);
    } while (this.#availableBytes > 0);
    return batch.length === 0 ? undefined : batch;
  };

  readonly #takeChunk = (): Uint8Array | undefined => {
    const chunk = uninitialised(Math.min(this.#availableBytes, CHUNK_BYTES));
    const count = this.#take(chunk);
    if (count === 0) return undefined;
    return count === chunk.length ? chunk : chunk.slice(0, count);
  };

  readonly #takeView = (): Uint8Array | undefined => {
    const view = this.#source.peek();
    if (view === null || view.length === 0) {
      this.#availableBytes = 0;
      this.#endWhenDrained();
      return undefined;
    }
    this.#viewBytes = view.length;
    return view;
  };

  #take(into: Uint8Array): number {
    this.#releaseView();
    const count = Math.max(0, this.#source.read(into));
    this.#availableBytes = count < into.length ? 0 : this.#availableBytes - count;
    this.#consumedBytes += count;
    this.#endWhenDrained();
    return count;
  }

  #releaseView(): void {
    if (this.#viewBytes === 0) return;
    this.#source.consume(this.#viewBytes);
    this.#availableBytes -= this.#viewBytes;
    this.#consumedBytes += this.#viewBytes;
    this.#viewBytes = 0;
    this.#endWhenDrained();
  }
}

/** Memory of its own that is about to be overwritten: not zeroed, and not from a pool. */
function uninitialised(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}
