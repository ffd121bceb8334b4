/** Little-endian fields of a control message, checked against its length. */

/** A control message breaks a rule: the control stream ends, the association goes on. */
export class MalformedControl extends Error {
  constructor(problem: string) {
    super(`A control message ${problem}`);
    this.name = 'MalformedControl';
  }
}

/** Reads fields one after another. Throws {@link MalformedControl} where they pass the end. */
export class ControlReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that were not read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return Uint8Array.from(this.#bytes.subarray(at, at + count));
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) throw new MalformedControl(`goes on for ${this.left} bytes after its end`);
  }

  #take(count: number): number {
    if (this.left < count) throw new MalformedControl('ends within a field');
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

/** Writes fields one after another, at most `maxBytes`. */
export class ControlWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(maxBytes: number) {
    this.#bytes = new Uint8Array(maxBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  uint8(value: number): this {
    this.#view.setUint8(this.#take(1), value);
    return this;
  }

  uint16(value: number): this {
    this.#view.setUint16(this.#take(2), value, true);
    return this;
  }

  uint32(value: number): this {
    this.#view.setUint32(this.#take(4), value, true);
    return this;
  }

  uint64(value: bigint): this {
    this.#view.setBigUint64(this.#take(8), value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#take(bytes.length));
    return this;
  }

  written(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #take(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
