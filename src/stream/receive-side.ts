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

/** A read that waits for bytes. `take` is called when there are some. */
interface PendingRead {
  readonly serve: () => void;
  readonly waiter: { resolve(value: null): void; reject(error: unknown): void };
}

/** See {@link ReceiveState}: who gets which bytes. `null` stands for the end of the stream. */
export class ReceiveSide {
  readonly #port: StreamPort;
  /** Where bytes come from: the engine, until the association ends. */
  #source: ReadSource;
  #state: ReceiveState = { status: 'open' };
  readonly #pending: PendingRead[] = [];
  /** As of the last report of the engine, less what was read since. */
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

  /** Nothing more comes out of here. */
  get isOver(): boolean {
    return this.#state.status !== 'open';
  }

  /** All that there is, in arrays that the caller owns. */
  batch(): Promise<Uint8Array[] | null> {
    return this.#pull(this.#takeBatch, undefined);
  }

  /** What there is, in one array of at most 256 KiB that the caller owns. */
  chunk(): Promise<Uint8Array | null> {
    return this.#pull(this.#takeChunk, undefined);
  }

  /** Fills `into` as far as there is something; 0 at the end. */
  async read(into: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const take = (): number => this.#take(into.length > this.#availableBytes ? into.subarray(0, this.#availableBytes) : into);
    return (await this.#pull(take, signal)) ?? 0;
  }

  /** The head of the receive ring; valid until the next call of any method here. */
  view(): Promise<Uint8Array | null> {
    this.releaseView();
    return this.#pull(this.#takeView, undefined);
  }

  /** Gives back what the application looked at. */
  releaseView(): void {
    this.#releaseView();
    this.#serve();
  }

  /** Reads no more; the peer is told. Reads that wait, and later ones, find the end. */
  stop(code: number): void {
    this.#releaseView();
    if (this.isOver) return;
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
    if (this.#source.read(unread) < unread.length) return false;
    this.#source = new KeptBytes(unread);
    return true;
  }

  /** Receiving ended early. Without effect when it is over. */
  fail(error: OsierError): void {
    if (this.isOver) return;
    this.#state = { status: 'failed', error };
    this.#viewBytes = 0;
    for (const { waiter } of this.#pending.splice(0)) waiter.reject(error);
  }

  #pull<T>(take: () => T, signal: AbortSignal | undefined): Promise<T | null> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status !== 'open') return Promise.resolve(null);
    if (this.#pending.length === 0 && this.#hasBytes()) return Promise.resolve(take());
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<T | null>(resolve, reject, signal, () => this.#pending.splice(this.#pending.indexOf(read), 1));
      const read: PendingRead = { serve: () => waiter.resolve(take()), waiter };
      this.#pending.push(read);
    });
  }

  #serve(): void {
    while (this.#pending.length > 0 && this.#hasBytes()) this.#pending.shift()?.serve();
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
    for (const { waiter } of this.#pending.splice(0)) waiter.resolve(null);
  }

  readonly #takeBatch = (): Uint8Array[] => {
    const batch: Uint8Array[] = [];
    do batch.push(this.#takeChunk());
    while (this.#availableBytes > 0);
    return batch;
  };

  readonly #takeChunk = (): Uint8Array => {
    const chunk = uninitialised(Math.min(this.#availableBytes, CHUNK_BYTES));
    const count = this.#take(chunk);
    return count === chunk.length ? chunk : chunk.slice(0, count);
  };

  readonly #takeView = (): Uint8Array => {
    const view = this.#source.peek() ?? new Uint8Array(0);
    this.#viewBytes = view.length;
    return view;
  };

  #take(into: Uint8Array): number {
    this.#releaseView();
    const count = Math.max(0, this.#source.read(into));
    // A short count is not expected: the engine's own count was larger. Its next report corrects it.
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
