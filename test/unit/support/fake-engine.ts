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

/** A message as it was handed in. */
export interface FakeMessage {
  readonly text: string;
  readonly options: number;
  readonly lifetimeMicros: number;
  readonly token: number;
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
  /** Messages that were accepted. */
  readonly sentMessages: FakeMessage[] = [];
  /** Messages that it will take. */
  /** What {@link FakeEngine.messageRoom} answers. */
  sureBytes = 0;
  /** Calls of {@link FakeEngine.sendMessages}. */
  batches = 0;
  roomMessages = Number.MAX_SAFE_INTEGER;
  /** The largest message that it takes. */
  maxMessageBytes = Number.MAX_SAFE_INTEGER;
  /** What it knows of the fates of messages: sent, delivered, expired, unknown, received. */
  messageCounts: readonly bigint[] = [0n, 0n, 0n, 0n, 0n];
  datagramBytes = 1_150;
  /** How often messages were asked for. */
  messageReads = 0;
  flushes = 0;
  /** Associations that take no more sessions. */
  readonly ending = new Set<number>();
  /** Streams are forgotten. */
  isForgetful = false;
  nextHandle = 1;
  #readable: Uint8Array = new Uint8Array(0);
  readonly #messages: Uint8Array[] = [];
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

  /** Makes messages readable; returns how many are. */
  feedMessages(...messages: Uint8Array[]): number {
    return this.#messages.push(...messages);
  }

  /** Drops the oldest message that can be read. */
  dropOldest(): void {
    this.#messages.shift();
  }

  joinShardGroup(group: bigint): void {
    this.calls.push(`joinShardGroup ${group}`);
  }

  steer(order: Uint8Array): void {
    this.calls.push(`steer ${order.join()}`);
  }

  handOver(shard: number): boolean {
    this.calls.push(`handOver ${shard}`);
    return true;
  }

  messageRoom(): number {
    return this.sureBytes;
  }

  sendMessages(bytes: Uint8Array, lengths: Uint32Array, runs: Uint32Array, runCount: number): number {
    this.batches++;
    let [taken, start] = [0, 0];
    for (let run = 0; run < runCount; run++) {
      const [association = 0, stream = 0, options = 0, count = 0] = runs.subarray(4 * run);
      for (let at = 0; at < count; at++) {
        const end = start + (lengths[taken] ?? 0);
        if (this.sendMessage(association, stream, bytes.subarray(start, end), options, 0, 0) !== 0) return taken;
        start = end;
        taken++;
      }
    }
    return taken;
  }

  sendMessage(_association: number, _stream: number, bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    if (bytes.length > this.maxMessageBytes) return 2;
    if (this.isForgetful) return -1;
    if (this.roomMessages === 0) return 1;
    this.roomMessages--;
    this.sentMessages.push({ text: new TextDecoder().decode(bytes), options, lifetimeMicros, token });
    return 0;
  }

  readMessages(_association: number, _stream: number, into: Uint8Array, lengths: Uint32Array): number {
    this.messageReads++;
    if (this.isForgetful) return -1;
    let [count, offset] = [0, 0];
    for (let first = this.#messages[0]; first !== undefined && count < lengths.length; first = this.#messages[0]) {
      if (offset + first.length > into.length) break;
      into.set(first, offset);
      lengths[count++] = first.length;
      offset += first.length;
      this.#messages.shift();
    }
    const [first] = this.#messages;
    if (count > 0 || first === undefined) return count;
    lengths[0] = first.length;
    return -2;
  }

  maxDatagramBytes(): number {
    return this.isForgetful ? -1 : this.datagramBytes;
  }

  messageStats(_association: number, _stream: number, into: BigUint64Array): boolean {
    into.set(this.messageCounts);
    return !this.isForgetful;
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

  sealRefusal(): Uint8Array {
    return new Uint8Array(43);
  }

  nextPacketNumber(): bigint {
    return 0n;
  }

  openStream(_association: number, kind: number, priority: number): number {
    this.calls.push(`open ${kind} ${priority}`);
    return this.nextHandle++;
  }

  setRoutes(): void {}
  relayedPath(): PathRecord {
    return new Uint8Array(48);
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

  setPriority(_association: number, _stream: number, priority: number): void {
    this.calls.push(`priority ${priority}`);
  }

  ping(association: number): void {
    this.calls.push(`ping ${association}`);
  }

  movePath(association: number): boolean {
    this.calls.push(`move ${association}`);
    return true;
  }

  probePath(association: number, _path: PathRecord, token: number): boolean {
    this.calls.push(`probe ${association} ${token}`);
    return true;
  }

  setLiveness(association: number, intervalMicros: number): void {
    this.calls.push(`liveness ${association} ${intervalMicros}`);
  }

  traceHop(association: number, ttl: number, token: number): boolean {
    this.calls.push(`trace ${association} ${ttl} ${token}`);
    return true;
  }

  setAdmissionKeys(): void {}
  releaseIndex(): void {}
  sendDatagram(_path: PathRecord, _datagram: Uint8Array): void {}
  sendCookie(): void {}
  drain(): void {}
  stats(): void {}
  setRef(): void {}
  close(): void {}
}
