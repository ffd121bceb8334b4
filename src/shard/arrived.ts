/** What a shard read for a stream of this thread, until the application takes it. */
import { MESSAGE_OVERHEAD_BYTES } from './crossing.js';

/** Bytes, in the chunks in which they came. */
export class ArrivedBytes {
  readonly #chunks: Uint8Array[] = [];
  #byteCount = 0;

  get byteCount(): number {
    return this.#byteCount;
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#byteCount += bytes.length;
  }

  /** Copies what fits; returns how much. */
  read(into: Uint8Array): number {
    let count = 0;
    for (let head = this.#chunks[0]; head !== undefined && count < into.length; head = this.#chunks[0]) {
      const part = head.subarray(0, into.length - count);
      into.set(part, count);
      count += part.length;
      this.drop(part.length);
    }
    return count;
  }

  peek(): Uint8Array | null {
    return this.#chunks[0] ?? null;
  }

  /** Removes the first `byteCount` bytes. */
  drop(byteCount: number): void {
    for (let rest = byteCount; rest > 0; ) {
      const head = this.#chunks[0];
      if (head === undefined) return;
      const dropped = Math.min(rest, head.length);
      if (dropped === head.length) this.#chunks.shift();
      else this.#chunks[0] = head.subarray(dropped);
      this.#byteCount -= dropped;
      rest -= dropped;
    }
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#byteCount = 0;
  }
}

/** Messages that came together. */
interface MessageChunk {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
  /** Of the first that is unread. */
  index: number;
  offset: number;
}

/** {@link ArrivedMessages.read}: the first message is longer than what it was to be copied into. */
const TOO_LONG = -2;

/** Whole messages, in the batches in which they came. */
export class ArrivedMessages {
  readonly #chunks: MessageChunk[] = [];
  #messageCount = 0;
  #byteCount = 0;

  get messageCount(): number {
    return this.#messageCount;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  add(bytes: Uint8Array, lengths: Uint32Array): void {
    if (lengths.length === 0) return;
    this.#chunks.push({ bytes, lengths, index: 0, offset: 0 });
    this.#messageCount += lengths.length;
    this.#byteCount += bytes.length;
  }

  /** As `Engine.readMessages`; `onTaken` is told what the messages that were copied took of the window, and their bytes. */
  read(into: Uint8Array, lengths: Uint32Array, onTaken: (windowBytes: number, byteCount: number) => void): number {
    let count = 0;
    let at = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined && count < lengths.length; chunk = this.#chunks[0]) {
      const length = chunk.lengths[chunk.index] ?? 0;
      if (length > into.length - at) {
        if (count > 0) break;
        lengths[0] = length;
        return TOO_LONG;
      }
      into.set(chunk.bytes.subarray(chunk.offset, chunk.offset + length), at);
      lengths[count++] = length;
      at += length;
      chunk.offset += length;
      chunk.index++;
      if (chunk.index === chunk.lengths.length) this.#chunks.shift();
    }
    this.#messageCount -= count;
    this.#byteCount -= at;
    if (count > 0) onTaken(at + count * MESSAGE_OVERHEAD_BYTES, at);
    return count;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#messageCount = 0;
    this.#byteCount = 0;
  }
}
