import type { StreamPort } from '../stream/index.js';
import { givable, MESSAGE_OVERHEAD_BYTES } from './crossing.js';
import { CROSSING_WINDOW_BYTES, type CrossingBudget, CrossingWindow } from './crossing-budget.js';

/** Takes what was read; `lengths` of messages, `null` for bytes. */
export type ReadSink = (bytes: Uint8Array, lengths: Uint32Array | null, endIncluded: boolean) => void;

/** {@link StreamPort.readMessages}: the first message is longer than what it was to be copied into. */
const TOO_LONG = -2;

/** What one crossing brings at most. */
const MESSAGES_MAX = 1_024;
const MESSAGE_BYTES = 64 * 1024;

/** Reads a stream for an application on another thread, as far ahead as its window allows. */
export class RelayReader {
  readonly #port: StreamPort;
  readonly #isBytes: boolean;
  readonly #sink: ReadSink;
  readonly #window: CrossingWindow;
  /** Bytes, or messages, that the engine told of, less those that were read: at least what is there. */
  #available = 0;
  #endSeen = false;
  #isOver = false;
  /** What is left is read whatever the window allows. */
  #isLast = false;

  constructor(port: StreamPort, isBytes: boolean, budget: CrossingBudget, sink: ReadSink) {
    this.#window = new CrossingWindow(budget);
    this.#port = port;
    this.#isBytes = isBytes;
    this.#sink = sink;
  }

  onReadable(count: number, endIncluded: boolean): void {
    this.#available = count;
    this.#endSeen ||= endIncluded;
    this.#read();
  }

  /** The application took so much of what was read. */
  onCredit(windowBytes: number): void {
    this.#window.giveBack(windowBytes);
    this.#read();
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#isOver = true;
    this.#window.close();
  }

  /** The engine is about to forget the stream: bytes that have come to their end, and all whole messages, are read whatever the application allows. */
  readRest(): void {
    if (this.#isBytes && !this.#endSeen) return;
    this.#isLast = true;
    this.#read();
  }

  #read(): void {
    while (!this.#isOver && this.#available > 0) {
      const room = this.#isLast ? Number.POSITIVE_INFINITY : this.#window.room;
      if (!(this.#isBytes ? this.#readBytes(room) : this.#readMessages(room))) break;
    }
    if (this.#isOver || !this.#endSeen || this.#available > 0) return;
    this.#tell(new Uint8Array(0), this.#isBytes ? null : new Uint32Array(0), true);
  }

  /** Returns whether it read, or found that nothing is there. */
  #readBytes(room: number): boolean {
    if (room === 0) return false;
    const into = givable(Math.min(this.#available, room, CROSSING_WINDOW_BYTES));
    const count = Math.max(0, this.#port.read(into));
    this.#available = count < into.length ? 0 : this.#available - count;
    this.#window.take(count);
    this.#tell(count === into.length ? into : into.subarray(0, count), null, this.#endSeen && this.#available === 0);
    return true;
  }

  /** The same. A message that is longer than the window is read when nothing else is under way. */
  #readMessages(room: number): boolean {
    if (room < 2 * MESSAGE_OVERHEAD_BYTES && !this.#window.isEmpty) return false;
    const countMax = Math.max(1, Math.min(this.#available, MESSAGES_MAX, Math.floor(room / 2 / MESSAGE_OVERHEAD_BYTES)));
    const lengths = new Uint32Array(countMax);
    let into = givable(Math.min(MESSAGE_BYTES, room - countMax * MESSAGE_OVERHEAD_BYTES));
    let count = this.#port.readMessages(into, lengths);
    if (count === TOO_LONG) {
      const length = lengths[0] ?? 0;
      if (length + MESSAGE_OVERHEAD_BYTES > room && !this.#window.isEmpty) return false;
      into = givable(length);
      count = this.#port.readMessages(into, lengths.subarray(0, 1));
    }
    if (count <= 0) {
      this.#available = 0;
      return true;
    }
    let byteCount = 0;
    for (const length of lengths.subarray(0, count)) byteCount += length;
    this.#available = Math.max(0, this.#available - count);
    this.#window.take(byteCount + count * MESSAGE_OVERHEAD_BYTES);
    // A few bytes are copied rather than given away with a buffer of this size.
    this.#tell(byteCount < into.length / 2 ? owned(into, byteCount) : into.subarray(0, byteCount), lengths.slice(0, count), false);
    return true;
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
