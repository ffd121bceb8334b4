import type { OsierError } from '../errors/index.js';
import { KeptBytes } from './kept-bytes.js';
import { ReceiveLine } from './receive-line.js';
import type { StreamPort } from './stream-port.js';

/** Largest chunk of a batch: large enough for the copy to cost more than the call, small enough for allocators. */
const CHUNK_BYTES = 256 * 1024;

/** What bytes are read from. */
export interface ReadSource {
  /** Bytes copied; 0: nothing is there; -1: the end, or a dead handle. */
  read(into: Uint8Array): number;
  peek(): Uint8Array | null;
  consume(byteCount: number): void;
}

/** What this end of a 'bytes' stream receives. `null` stands for the end of the stream. */
export class ReceiveSide extends ReceiveLine {
  /** Where bytes come from: the engine, until the association ends. */
  #source: ReadSource;
  #consumedBytes = 0;
  /** Length of the view that the application holds. */
  #viewBytes = 0;

  constructor(port: StreamPort) {
    super(port);
    this.#source = port;
  }

  /** Bytes that the application took. */
  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** All that there is, in arrays that the caller owns. */
  batch(): Promise<Uint8Array[] | null> {
    return this.pull<Uint8Array[] | null>(this.#takeBatch, null, undefined);
  }

  /** What there is, in one array of at most 256 KiB that the caller owns. */
  chunk(): Promise<Uint8Array | null> {
    return this.pull<Uint8Array | null>(this.#takeChunk, null, undefined);
  }

  /** Fills `into` as far as there is something; 0 at the end. */
  read(into: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const take = (): number | undefined => this.#take(into.length > this.available ? into.subarray(0, this.available) : into) || undefined;
    return this.pull(take, 0, signal);
  }

  /** The head of the receive ring; valid until the next call of any method here. */
  view(): Promise<Uint8Array | null> {
    this.releaseView();
    return this.pull<Uint8Array | null>(this.#takeView, null, undefined);
  }

  /** Gives back what the application looked at. */
  releaseView(): void {
    this.#releaseView();
    this.serve();
  }

  /** As for every kind; the bytes of a view that the application still holds stay what they are: they are not given back. */
  override stop(code: number): void {
    if (!this.isOver) {
      this.#consumedBytes += this.#viewBytes;
      this.#viewBytes = 0;
    }
    super.stop(code);
  }

  override fail(error: OsierError): void {
    if (!this.isOver) this.#viewBytes = 0;
    super.fail(error);
  }

  onAssociationEnded(error: OsierError): boolean {
    const isWhole = this.keepWhenComplete();
    if (!isWhole) this.fail(error);
    return isWhole;
  }

  /**
   * The engine is about to forget the stream. When all of it has come, with its end, what is unread is kept here and can still be read. Returns
   * whether that is so.
   */
  keepWhenComplete(): boolean {
    if (this.isOver || !this.endSeen) return this.isOver;
    // A view that the application holds stays the head of what is kept.
    const unread = new Uint8Array(this.available);
    const count = this.#source.read(unread);
    // Fewer than were told is all that there is, unless the engine has forgotten the stream already.
    if (count < unread.length && this.port.counters() === null) return false;
    this.available = Math.max(0, count);
    this.#source = new KeptBytes(unread.subarray(0, this.available));
    this.endWhenDrained();
    return true;
  }

  /** Whether there are bytes that nobody looks at. */
  protected hasSome(): boolean {
    return this.available > this.#viewBytes;
  }

  readonly #takeBatch = (): Uint8Array[] | undefined => {
    const batch: Uint8Array[] = [];
    do {
      const chunk = this.#takeChunk();
      if (chunk !== undefined) batch.push(chunk);
    } while (this.available > 0);
    return batch.length === 0 ? undefined : batch;
  };

  readonly #takeChunk = (): Uint8Array | undefined => {
    const chunk = uninitialised(Math.min(this.available, CHUNK_BYTES));
    const count = this.#take(chunk);
    if (count === 0) return undefined;
    return count === chunk.length ? chunk : chunk.slice(0, count);
  };

  readonly #takeView = (): Uint8Array | undefined => {
    const view = this.#source.peek();
    if (view === null || view.length === 0) {
      this.available = 0;
      this.endWhenDrained();
      return undefined;
    }
    this.#viewBytes = view.length;
    return view;
  };

  #take(into: Uint8Array): number {
    this.#releaseView();
    const count = Math.max(0, this.#source.read(into));
    this.available = count < into.length ? 0 : this.available - count;
    this.#consumedBytes += count;
    this.endWhenDrained();
    return count;
  }

  #releaseView(): void {
    if (this.#viewBytes === 0) return;
    this.#source.consume(this.#viewBytes);
    this.available -= this.#viewBytes;
    this.#consumedBytes += this.#viewBytes;
    this.#viewBytes = 0;
    this.endWhenDrained();
  }
}

/** Memory of its own that is about to be overwritten: not zeroed, and not from a pool. */
function uninitialised(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}
