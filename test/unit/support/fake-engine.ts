import type { AssociationConfig, BatchListener, Engine, EngineConfig, EngineInfo, PathRecord, SessionConfig } from '../../../src/engine/engine.js';
import { RECORD_WORDS } from '../../../src/engine/events.js';

/** One record as a test writes it. */
export interface FakeRecord {
  readonly kind: number;
  readonly association?: number;
  readonly stream?: number;
  readonly bytes?: Uint8Array;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
}

/** An engine without a network: it takes what its room allows, gives what it was fed, and notes every call. */
export class FakeEngine implements Engine {
  readonly events = new Uint32Array(64 * RECORD_WORDS + 1);
  readonly bytes = new Uint8Array(65_536);
  readonly calls: string[] = [];
  readonly sent: Uint8Array[] = [];
  /** Bytes that writes will take. */
  roomBytes = Number.MAX_SAFE_INTEGER;
  /** Bytes that count as not acknowledged. */
  unacknowledgedBytes = 0;
  flushes = 0;
  /** Associations that take no more sessions. */
  readonly ending = new Set<number>();
  /** Streams are forgotten. */
  isForgetful = false;
  nextHandle = 1;
  #readable: Uint8Array = new Uint8Array(0);
  readonly #listener: BatchListener;

  constructor(_config: EngineConfig | null, listener: BatchListener) {
    this.#listener = listener;
  }

  /** Tells the listener of some records. */
  tell(...records: FakeRecord[]): void {
    let offset = 0;
    records.forEach((record, index) => {
      const { kind, association = 0, stream = 0, bytes = new Uint8Array(0), a = 0, b = 0, c = 0 } = record;
      this.bytes.set(bytes, offset);
      this.events.set([kind, association, stream, offset, bytes.length, a, b, c], index * RECORD_WORDS);
      offset += bytes.length;
    });
    this.#listener(records.length);
  }

  /** Makes bytes readable; returns how many are. */
  feed(bytes: Uint8Array): number {
    this.#readable = Buffer.concat([this.#readable, bytes]);
    return this.#readable.length;
  }

  write(_association: number, _stream: number, bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.roomBytes);
    this.roomBytes -= count;
    this.unacknowledgedBytes += count;
    this.sent.push(bytes.slice(0, count));
    return count;
  }

  read(_association: number, _stream: number, into: Uint8Array): number {
    const count = Math.min(into.length, this.#readable.length);
    into.set(this.#readable.subarray(0, count));
    this.#readable = this.#readable.subarray(count);
    return count;
  }

  peek(): Uint8Array | null {
    return this.#readable.length === 0 ? null : this.#readable;
  }

  consume(_association: number, _stream: number, byteCount: number): void {
    this.#readable = this.#readable.subarray(byteCount);
  }

  streamStats(_association: number, _stream: number, into: BigUint64Array): boolean {
    into.fill(0n);
    into[4] = BigInt(this.unacknowledgedBytes);
    return !this.isForgetful;
  }

  flush(): void {
    this.flushes++;
  }

  room(): number {
    return this.roomBytes;
  }

  finish(): void {
    this.calls.push('finish');
  }

  reset(_association: number, _stream: number, reason: number, code: number): void {
    this.calls.push(`reset ${reason} ${code}`);
  }

  stop(_association: number, _stream: number, code: number): void {
    this.calls.push(`stop ${code}`);
  }

  watchAcknowledged(): void {
    this.calls.push('watch');
  }

  bind(_host: string, port: number): { socket: number; port: number } {
    return { socket: 0, port };
  }

  pathTo(): PathRecord {
    return new Uint8Array(48);
  }

  reserveIndex(): number {
    return this.nextHandle++;
  }

  createAssociation(_config: AssociationConfig): number {
    return this.nextHandle++;
  }

  installSession(association: number, { localIndex, preferred }: SessionConfig): boolean {
    if (this.ending.has(association)) return false;
    this.calls.push(`session ${localIndex}${preferred ? ' preferred' : ''}`);
    return true;
  }

  nextPacketNumber(): bigint {
    return 0n;
  }

  openStream(): number {
    return this.nextHandle++;
  }

  associationPath(): PathRecord | null {
    return null;
  }

  associationStats(): boolean {
    return false;
  }

  info(): EngineInfo {
    return { kind: 'simulated', features: [], receiveBufferBytes: 0, sendBufferBytes: 0, reasons: [] };
  }

  closeAssociation(association: number, closeCode: number): void {
    this.calls.push(`close ${association} ${closeCode}`);
  }

  dropAssociation(association: number): void {
    this.calls.push(`drop ${association}`);
  }

  setAdmissionKeys(): void {}
  releaseIndex(): void {}
  sendDatagram(): void {}
  sendCookie(): void {}
  ping(): void {}
  drain(): void {}
  setPriority(): void {}
  stats(): void {}
  setRef(): void {}
  close(): void {}
}
