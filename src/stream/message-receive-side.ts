import type { OsierError } from '../errors/index.js';
import { readMessages } from './message-reader.js';
import { ReceiveLine } from './receive-line.js';

/** Where a batch ends, at the latest with the next crossing: thousands would be copied, and promoted, by the garbage collector while they are read. */
const BATCH_MESSAGES = 512;

/**
 * What this end of a stream of messages or datagrams receives. `null` stands for the end of the stream. What has come whole when the association ends
 * can still be read; then comes the end, or the error when more would have come.
 */
export class MessageReceiveSide extends ReceiveLine {
  /** Fetched with one that was asked for, from {@link MessageReceiveSide.#head} on: counted in `available`. */
  #fetched: Uint8Array[] = [];
  #head = 0;
  #receivedMessages = 0;
  #consumedBytes = 0;
  /** What follows the messages that were here when the association ended. */
  #lastError: OsierError | null = null;

  /** Messages that the application took. */
  get receivedMessages(): number {
    return this.#receivedMessages;
  }

  get consumedBytes(): number {
    return this.#consumedBytes;
  }

  /** One message, in an array that the caller owns; `null` also when `signal` aborts, which takes nothing. */
  next(signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    return this.pull<Uint8Array | null>(this.#takeOne, null, signal, 'end');
  }

  /** Messages that there are, some hundred at most, in arrays that the caller owns. */
  batch(): Promise<Uint8Array[] | null> {
    return this.pull<Uint8Array[] | null>(this.#takeBatch, null, undefined);
  }

  override stop(code: number): void {
    super.stop(code);
    this.#dropFetched();
  }

  override onReadable(count: number, endIncluded: boolean): void {
    super.onReadable(count + this.#fetchedCount, endIncluded);
  }

  onAssociationEnded(error: OsierError): boolean {
    if (this.isOver) return true;
    while (this.available > this.#fetchedCount && readMessages(this.port, this.#fetched) > 0);
    // Fewer than were told is all that there is, unless the engine has forgotten the stream already.
    const isWhole = this.endSeen && (this.available <= this.#fetchedCount || this.port.counters() !== null);
    this.available = this.#fetchedCount;
    if (!isWhole) this.#lastError = error;
    this.serve();
    this.endWhenDrained();
    return isWhole;
  }

  override fail(error: OsierError): void {
    super.fail(error);
    this.#dropFetched();
  }

  protected hasSome(): boolean {
    return this.available > 0;
  }

  protected override endWhenDrained(): void {
    if (this.#lastError === null) super.endWhenDrained();
    else if (this.available === 0) this.fail(this.#lastError);
  }

  get #fetchedCount(): number {
    return this.#fetched.length - this.#head;
  }

  readonly #takeOne = (): Uint8Array | undefined => {
    if (this.#fetchedCount === 0) {
      this.#dropFetched();
      const count = readMessages(this.port, this.#fetched);
      this.available = count <= 0 ? 0 : Math.max(this.available, count);
    }
    const message = this.#fetched[this.#head];
    if (message !== undefined) {
      this.#head++;
      this.#onTaken(1, message.length);
    }
    this.endWhenDrained();
    return message;
  };

  readonly #takeBatch = (): Uint8Array[] | undefined => {
    const batch = this.#fetched.slice(this.#head);
    this.#dropFetched();
    while (this.available > batch.length && batch.length < BATCH_MESSAGES) {
      if (readMessages(this.port, batch) <= 0) this.available = batch.length;
    }
    this.#onTaken(
      batch.length,
      batch.reduce((sum, { length }) => sum + length, 0),
    );
    this.endWhenDrained();
    return batch.length === 0 ? undefined : batch;
  };

  #onTaken(messageCount: number, byteCount: number): void {
    this.available = Math.max(0, this.available - messageCount);
    this.#receivedMessages += messageCount;
    this.#consumedBytes += byteCount;
  }

  #dropFetched(): void {
    this.#fetched = [];
    this.#head = 0;
  }
}
