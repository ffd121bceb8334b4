import { SendAnswer } from '../engine/engine.js';
import type { StreamPort } from '../stream/index.js';
import { HEAD_NUMBERS, MESSAGE_OVERHEAD_BYTES, type MessageBatch, sharedMicros } from './crossing.js';

/** Something that came from the other thread, in the order in which it came. */
type Item =
  | { readonly kind: 'bytes'; rest: Uint8Array }
  | { readonly kind: 'messages'; readonly batch: MessageBatch; index: number; offset: number }
  | { readonly kind: 'finish' | 'watch' };

/** What a stream's application sent from another thread, on its way into the engine. */
export class RelaySender {
  readonly #port: StreamPort;
  readonly #onAccepted: (windowBytes: number) => void;
  readonly #items: Item[] = [];
  #keptBytes = 0;

  /** `onAccepted`: so much of the window is free again. */
  constructor(port: StreamPort, onAccepted: (windowBytes: number) => void) {
    this.#port = port;
    this.#onAccepted = onAccepted;
  }

  /** Bytes that the engine had no room for yet. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  write(bytes: Uint8Array): void {
    this.#keptBytes += bytes.length;
    this.#add({ kind: 'bytes', rest: bytes });
  }

  send(batch: MessageBatch): void {
    this.#keptBytes += batch.bytes.length;
    this.#add({ kind: 'messages', batch, index: 0, offset: 0 });
  }

  finish(): void {
    this.#add({ kind: 'finish' });
  }

  watchAcknowledged(): void {
    this.#add({ kind: 'watch' });
  }

  /** The engine takes no more: what is here is lost. */
  drop(): void {
    this.#items.length = 0;
    this.#keptBytes = 0;
  }

  /** Hands over as much as the engine takes. */
  readonly pump = (): void => {
    for (let item = this.#items[0]; item !== undefined; item = this.#items[0]) {
      if (!this.#handOver(item)) return;
      // A call into the engine may have dropped everything.
      if (this.#items[0] === item) this.#items.shift();
    }
  };

  #add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length === 1) this.pump();
  }

  /** Whether nothing of it is left. */
  #handOver(item: Item): boolean {
    switch (item.kind) {
      case 'bytes':
        return this.#handOverBytes(item);
      case 'messages':
        return this.#handOverMessages(item);
      case 'finish':
        this.#port.finish();
        return true;
      case 'watch':
        this.#port.watchAcknowledged();
        return true;
    }
  }

  #handOverBytes(item: Extract<Item, { kind: 'bytes' }>): boolean {
    const accepted = Math.max(0, this.#port.write(item.rest));
    item.rest = item.rest.subarray(accepted);
    this.#taken(accepted, accepted);
    return item.rest.length === 0;
  }

  #handOverMessages(item: Extract<Item, { kind: 'messages' }>): boolean {
    const { bytes, heads } = item.batch;
    let windowBytes = 0;
    const startOffset = item.offset;
    while (item.index < heads.length) {
      const length = heads[item.index] ?? 0;
      const message = bytes.subarray(item.offset, item.offset + length);
      const options = heads[item.index + 1] ?? 0;
      if (this.#port.sendMessage(message, options, restOf(heads[item.index + 2] ?? 0), heads[item.index + 3] ?? 0) === SendAnswer.noRoom) break;
      item.index += HEAD_NUMBERS;
      item.offset += length;
      windowBytes += length + MESSAGE_OVERHEAD_BYTES;
    }
    this.#taken(item.offset - startOffset, windowBytes);
    return item.index >= heads.length;
  }

  #taken(byteCount: number, windowBytes: number): void {
    this.#keptBytes -= byteCount;
    if (windowBytes > 0) this.#onAccepted(windowBytes);
  }
}

/** The lifetime that is left until `deadline`, at least 1; 0 for none. */
function restOf(deadline: number): number {
  return deadline === 0 ? 0 : Math.max(1, Math.round(deadline - sharedMicros()));
}
