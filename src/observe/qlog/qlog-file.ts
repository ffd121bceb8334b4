import { createWriteStream, type WriteStream } from 'node:fs';

/** A file grows to this size at most. */
const FILE_BYTES_MAX = 16 * 2 ** 20;
/** What waits for a slow disk. */
const QUEUED_BYTES_MAX = 256 * 2 ** 10;
/** Kept free for the last record, which says how many are missing. */
const LAST_RECORD_BYTES = 128;

/** A sequence of JSON texts (RFC 7464) in a new file. Best effort: what does not fit, and what the disk refuses, is left out. */
export class QlogFile {
  readonly #stream: WriteStream;
  readonly #maxBytes: number;
  #byteCount = 0;
  #droppedRecords = 0;
  #isOver = false;

  /** `onFault` hears of the first fault of the disk; nothing is written after it. */
  constructor(path: string, onFault: (error: Error) => void, maxBytes = FILE_BYTES_MAX) {
    this.#maxBytes = maxBytes;
    this.#stream = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    this.#stream.once('error', (error) => {
      this.#isOver = true;
      onFault(error);
    });
    this.#stream.on('error', () => {});
  }

  write(record: object): void {
    if (this.#isOver) return;
    const text = textOf(record);
    const isTooLong = this.#byteCount + text.length > this.#maxBytes - LAST_RECORD_BYTES;
    if (isTooLong || this.#stream.writableLength > QUEUED_BYTES_MAX) this.#droppedRecords++;
    else this.#append(text);
  }

  /** Writes what is left; `time` as in the other records. */
  end(time: number): void {
    if (this.#isOver) return;
    if (this.#droppedRecords > 0) this.#append(textOf({ time, name: 'osier:records_dropped', data: { count: this.#droppedRecords } }));
    this.#isOver = true;
    this.#stream.end();
  }

  #append(text: Buffer): void {
    this.#byteCount += text.length;
    this.#stream.write(text);
  }
}

/** A record separator, the JSON text, a line feed. */
function textOf(record: object): Buffer {
  const json = JSON.stringify(record, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  return Buffer.from(`\x1e${json}\n`);
}
