import type { StreamPort } from '../stream/index.js';
import { CROSSING_WINDOW_BYTES, givable, MESSAGE_OVERHEAD_BYTES } from './crossing.js';

/** Takes what was read; `lengths` of messages, `null` for bytes. */
export type ReadSink = (bytes: Uint8Array, lengths: Uint32Array | null, endIncluded: boolean) => void;

/** {@link StreamPort.readMessages}: the first message is longer than what it was to be copied into. */
const TOO_LONG = -2;

/** What one crossing brings at most. */
const MESSAGES_MAX = 1_024;
const MESSAGE_BYTES = 64 * 1024;

/** Reads a stream for an application on another thread, as far ahead as that allows. */
export class RelayReader {
  readonly #port: StreamPort;
  readonly #isBytes: boolean;
  readonly #sink: ReadSink;
  #credit = CROSSING_WINDOW_BYTES;
  /** Bytes, or messages, that the engine told of, less those that were read: at least what is there. */
  #available = 0;
  #endSeen = false;
  #isOver = false;

  constructor(port: StreamPort, isBytes: boolean, sink: ReadSink) {
    this.#port = port;
    this.#isBytes = isBytes;
    this.#sink = sink;
  }

  /** The end was read. */
  get isAtEnd(): boolean {
    return this.#isOver;
  }

  onReadable(count: number, endIncluded: boolean): void {
    this.#available = count;
    this.#endSeen ||= endIncluded;
    this.#read();
  }

  /** The application took so much of what was read. */
  onCredit(windowBytes: number): void {
    this.#credit += windowBytes;
    this.#read();
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#isOver = true;
  }

  /** The engine is about to forget the stream: bytes that have come to their end, and all whole messages, are read whatever the application allows. */
  readRest(): void {
    if (this.#isBytes && !this.#endSeen) return;
    this.#credit = Number.POSITIVE_INFINITY;
    this.#read();
  }

  #read(): void {
    while (!this.#isOver && this.#available > 0 && this.#credit > 0) {
      if (this.#isBytes) this.#readBytes();
      else this.#readMessages();
    }
    if (this.#isOver || !this.#endSeen || this.#available > 0) return;
    this.#tell(new Uint8Array(0), this.#isBytes ? null : new Uint32Array(0), true);
  }

  #readBytes(): void {
    const into = givable(Math.min(this.#available, this.#credit, CROSSING_WINDOW_BYTES));
    const count = Math.max(0, this.#port.read(into));
    this.#available = count < into.length ? 0 : this.#available - count;
    this.#credit -= count;
    this.#tell(count === into.length ? into : into.subarray(0, count), null, this.#endSeen && this.#available === 0);
  }

  #readMessages(): void {
    const lengths = new Uint32Array(Math.min(this.#available, MESSAGES_MAX));
    let into = givable(MESSAGE_BYTES);
    let count = this.#port.readMessages(into, lengths);
    if (count === TOO_LONG) {
      into = givable(lengths[0] ?? 0);
      count = this.#port.readMessages(into, lengths.subarray(0, 1));
    }
    if (count <= 0) {
      this.#available = 0;
      return;
    }
    let byteCount = 0;
    for (const length of lengths.subarray(0, count)) byteCount += length;
    this.#available = Math.max(0, this.#available - count);
    this.#credit -= byteCount + count * MESSAGE_OVERHEAD_BYTES;
    // A few bytes are copied rather than given away with a buffer of this size.
    this.#tell(byteCount < into.length / 2 ? owned(into, byteCount) : into.subarray(0, byteCount), lengths.slice(0, count), false);
  }

  #tell(bytes: Uint8Array, lengths: Uint32Array | null, endIncluded: boolean): void {
    if (bytes.length === 0 && !endIncluded && (lengths?.length ?? 0) === 0) return;
    if (endIncluded) this.#isOver = true;
    this.#sink(bytes, lengths, endIncluded);
  }
}

function owned(bytes: Uint8Array, byteCount: number): Uint8Array {
  const copy = givable(byteCount);
  copy.set(bytes.subarray(0, byteCount));
  return copy;
}
