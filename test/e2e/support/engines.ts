/** Engines on real sockets, and sessions between them without a handshake. */
import { afterEach } from 'vitest';
import type { EngineConfig, SessionConfig } from '../../../src/engine/engine.js';
import { RECORD_WORDS, Word } from '../../../src/engine/events.js';
import { type NativeEngine as LoopEngine, loadAddon } from '../../../src/engine/load-addon.js';

export const { NativeEngine } = loadAddon();
export const CONFIG: EngineConfig = {
  idleTimeoutMicros: 0,
  peerLostAfterMicros: 30_000_000,
  keepAliveMicros: 0,
  memoryBytes: 64 << 20,
  peers: 80,
  streamsPerPeer: 8,
  streamWindowBytes: 1 << 20,
  messageBytes: 16 << 20,
  initialDataBytes: 48 << 10,
  initialStreamDataBytes: 48 << 10,
  mtuBytes: 1200,
  congestion: 0,
};
export const CREDIT = { peerMaxData: 48 << 10, peerMaxStreamData: 48 << 10, peerMaxStreams: 8 };
export const TEXT = new TextEncoder();

interface Happening {
  readonly kind: number;
  readonly stream: number;
  readonly a: number;
  readonly b: number;
  readonly bytes: Uint8Array;
}

/** An engine that remembers what it told. */
export class Recorder {
  readonly engine: LoopEngine;
  readonly happened: Happening[] = [];
  readonly batches: number[] = [];
  #wake = (): void => {};

  constructor(config: Partial<EngineConfig> = {}) {
    this.engine = new NativeEngine({ ...CONFIG, ...config }, (records) => this.#record(records));
    open.push(this.engine);
  }

  /** The first record of `kind` from the `from`-th one on. */
  async next(kind: number): Promise<Happening> {
    for (;;) {
      const found = this.happened.findIndex((happening) => happening.kind === kind);
      const [happening] = found < 0 ? [] : this.happened.splice(found, 1);
      if (happening !== undefined) return happening;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #record(records: number): void {
    const { events, bytes } = this.engine;
    this.batches.push(records);
    for (let at = 0; at < records * RECORD_WORDS; at += RECORD_WORDS) {
      const word = (index: number): number => events[at + index] ?? 0;
      const start = word(Word.bytesOffset);
      this.happened.push({
        kind: word(Word.kind),
        stream: word(Word.stream),
        a: word(Word.a),
        b: word(Word.b),
        bytes: bytes.slice(start, start + word(Word.bytesLength)),
      });
    }
    this.#wake();
  }
}

const open: LoopEngine[] = [];
afterEach(() => {
  for (const engine of open.splice(0)) engine.close();
});

export function key(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

/** Two engines of `config` with one session between them, bound to `host`, reached at `target`. */
export function connectedPair(host: string, target: string, config: Partial<EngineConfig> = {}) {
  const ends = ([0, 1] as const).map((parity) => {
    const recorder = new Recorder(config);
    const { engine } = recorder;
    const { port } = engine.bind(host, 0);
    return { recorder, engine, port, index: engine.reserveIndex(key(9)), association: engine.createAssociation({ parity, ...CREDIT }) };
  });
  const [first, second] = ends;
  if (first === undefined || second === undefined) throw new Error('no pair');
  first.engine.installSession(first.association, session(first, second, 1, 2, target));
  second.engine.installSession(second.association, session(second, first, 2, 1, target));
  return { first, second };
}

export interface End {
  readonly engine: LoopEngine;
  readonly port: number;
  readonly index: number;
}

export function session(own: End, other: End, sendKey: number, receiveKey: number, target: string): SessionConfig {
  return {
    localIndex: own.index,
    remoteIndex: other.index,
    cipher: 0,
    sendKey: key(sendKey),
    receiveKey: key(receiveKey),
    firstSend: 0n,
    firstReceive: 0n,
    path: own.engine.pathTo(target, other.port),
    begunHere: true,
    confirmed: true,
    preferred: true,
  };
}
