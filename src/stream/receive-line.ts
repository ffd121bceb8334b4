import type { OsierError } from '../errors/index.js';
import type { StreamPort } from './stream-port.js';
import { Waiter } from './waiters.js';

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

/** A read that waits. */
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

/** See {@link ReceiveState}: who gets what, in which order. The kinds of streams differ in what they count: bytes or messages. */
export abstract class ReceiveLine {
  protected readonly port: StreamPort;
  /**
   * What can be read, as of the last report of the engine, less what was read since. At least what is there: what was read after the engine wrote its
   * report and before the report came here is counted still. What the engine gives is what counts.
   */
  protected available = 0;
  #state: ReceiveState = { status: 'open' };
  readonly #pending: Pick<PendingRead<unknown>, 'serve' | 'end' | 'reject'>[] = [];
  #endSeen = false;

  constructor(port: StreamPort) {
    this.port = port;
  }

  /** Bytes that the application took. */
  abstract get consumedBytes(): number;

  /** Reads reject. */
  get hasFailed(): boolean {
    return this.#state.status === 'failed';
  }

  /** Nothing more comes out of here. */
  get isOver(): boolean {
    return this.#state.status !== 'open';
  }

  /** Reads no more; the peer is told. Reads that wait, and later ones, find the end. */
  stop(code: number): void {
    if (this.isOver) return;
    this.port.stop(code);
    this.#end('stopped');
  }

  onReadable(count: number, endIncluded: boolean): void {
    if (this.isOver) return;
    this.available = count;
    this.#endSeen ||= endIncluded;
    this.serve();
    this.endWhenDrained();
  }

  /** The association ended, and the engine is about to forget the stream. Returns whether all that the peer sent can still be read. */
  abstract onAssociationEnded(error: OsierError): boolean;

  /** Receiving ended early. Without effect when it is over. */
  fail(error: OsierError): void {
    if (this.isOver) return;
    this.#state = { status: 'failed', error };
    for (const read of this.#pending.splice(0)) read.reject(error);
  }

  /** Whether the end is among what is available, or behind what was read. */
  protected get endSeen(): boolean {
    return this.#endSeen;
  }

  /** Whether there is something for the next read. */
  protected abstract hasSome(): boolean;

  /**
   * What `take` takes, as soon as it takes something: it returns `undefined` when there is nothing after all. `atEnd` when nothing will come; on an
   * abort too, where `onAbort` says so.
   */
  protected pull<T>(take: () => T | undefined, atEnd: T, signal: AbortSignal | undefined, onAbort: 'reject' | 'end' = 'reject'): Promise<T> {
    if (signal?.aborted) return onAbort === 'end' ? Promise.resolve(atEnd) : Promise.reject(signal.reason);
    if (this.#state.status === 'failed') return Promise.reject(this.#state.error);
    if (this.#state.status !== 'open') return Promise.resolve(atEnd);
    if (this.#pending.length === 0 && this.hasSome()) {
      const taken = take();
      if (taken !== undefined || this.isOver) return Promise.resolve(taken ?? atEnd);
    }
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<T>(resolve, reject, signal, () => {
        this.#pending.splice(this.#pending.indexOf(read), 1);
        if (onAbort === 'end') read.end();
      });
      const read = new PendingRead(take, atEnd, waiter);
      this.#pending.push(read);
    });
  }

  /** Serves the reads that wait, as far as there is something. */
  protected serve(): void {
    while (this.hasSome()) {
      const first = this.#pending.shift();
      if (first === undefined) return;
      if (first.serve()) continue;
      if (this.isOver) first.end();
      else this.#pending.unshift(first);
    }
  }

  protected endWhenDrained(): void {
    if (this.isOver || !this.#endSeen || this.available > 0) return;
    this.#end('ended');
  }

  #end(status: 'ended' | 'stopped'): void {
    this.#state = { status };
    for (const read of this.#pending.splice(0)) read.end();
  }
}
