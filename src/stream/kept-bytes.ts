/** Bytes that were taken out of the engine before they were asked for. */
export class KeptBytes {
  #unread: Uint8Array;

  /** Takes over `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#unread = bytes;
  }

  read(into: Uint8Array): number {
    const head = this.#unread.subarray(0, into.length);
    into.set(head);
    this.consume(head.length);
    return head.length;
  }

  peek(): Uint8Array | null {
    return this.#unread.length === 0 ? null : this.#unread;
  }

  consume(byteCount: number): void {
    this.#unread = this.#unread.subarray(byteCount);
  }
}
