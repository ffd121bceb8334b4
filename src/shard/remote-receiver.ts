import { ArrivedBytes, ArrivedMessages } from './arrived.js';
import type { Outbox } from './outbox.js';
import type { ToShard } from './protocol.js';
import type { RemoteCounters } from './remote-counters.js';

/** What a shard read for a stream of this thread: as the application takes it, the shard may read on. */
export class RemoteReceiver {
  readonly #outbox: Outbox<ToShard>;
  readonly #stream: number;
  readonly #counted: RemoteCounters;
  readonly #onTaken: () => void;
  readonly #bytes = new ArrivedBytes();
  readonly #messages = new ArrivedMessages();
  /** Taken by the application, and not told to the shard yet. */
  #credit = 0;
  #isStopped = false;
  #isOver = false;

  /** `onTaken`: the application took something. */
  constructor(outbox: Outbox<ToShard>, stream: number, counted: RemoteCounters, onTaken: () => void) {
    this.#outbox = outbox;
    this.#stream = stream;
    this.#counted = counted;
    this.#onTaken = onTaken;
  }

  get isEmpty(): boolean {
    return this.#bytes.byteCount === 0 && this.#messages.messageCount === 0;
  }

  /** Bytes, or messages, came; returns how many there are now. */
  add(bytes: Uint8Array, lengths: Uint32Array | null): number {
    this.#counted.receivedBytes += bytes.length;
    this.#counted.receivedMessages += lengths?.length ?? 0;
    // What was on its way when reading was stopped.
    if (this.#isStopped) return 0;
    if (lengths === null) {
      this.#bytes.add(bytes);
      return this.#bytes.byteCount;
    }
    this.#messages.add(bytes, lengths);
    return this.#messages.messageCount;
  }

  read(into: Uint8Array): number {
    const count = this.#bytes.read(into);
    this.#take(count, count);
    return count;
  }

  peek(): Uint8Array | null {
    return this.#bytes.peek();
  }

  consume(byteCount: number): void {
    this.#bytes.drop(byteCount);
    this.#take(byteCount, byteCount);
  }

  readMessages(into: Uint8Array, lengths: Uint32Array): number {
    return this.#messages.read(into, lengths, (windowBytes, byteCount) => this.#take(windowBytes, byteCount));
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#isStopped = true;
    this.#bytes.clear();
    this.#messages.clear();
  }

  /** The shard reads no more of it; what is here can still be taken. */
  end(): void {
    this.#isOver = true;
  }

  #take(windowBytes: number, byteCount: number): void {
    if (windowBytes === 0) return;
    this.#counted.consumedBytes += byteCount;
    this.#credit += windowBytes;
    if (!this.#isOver) this.#outbox.defer(this.#pushCredit);
    this.#onTaken();
  }

  readonly #pushCredit = (): void => {
    if (this.#isOver || this.#credit === 0) return;
    this.#outbox.push({ op: 'credit', stream: this.#stream, bytes: this.#credit });
    this.#credit = 0;
  };
}
