import { createDetachedEngine, type DetachedEngine, TRAIN_HEAD_BYTES, TRAIN_ROOM_BYTES } from '../../../src/engine/detached-engine.js';
import { PATH_RECORD_BYTES, type SessionConfig } from '../../../src/engine/engine.js';
import { RECORD_WORDS, Word } from '../../../src/engine/events.js';
import { ENGINE_CONFIG } from './engine-config.js';

const CREDIT = { peerMaxData: 48 << 10, peerMaxStreamData: 48 << 10, peerMaxStreams: 8 };
/** What both engines' clocks begin with. */
export const START_MICROS = 1_000_000;

const open: DetachedEngine[] = [];
/** Closes all that were made. */
export function closeEnds(): void {
  for (const engine of open.splice(0)) engine.close();
}

/** One end: what it told, and how often it asked for a turn. */
export interface End {
  readonly engine: DetachedEngine;
  readonly kinds: number[];
  readonly streams: number[];
  /** The words a. */ readonly details: number[];
  readonly index: number;
  readonly association: number;
  wakes: number;
}

function makeEnd(parity: 0 | 1, seedByte: number): End {
  const kinds: number[] = [];
  const streams: number[] = [];
  const details: number[] = [];
  const onBatch = (records: number): void => {
    for (let at = 0; at < records * RECORD_WORDS; at += RECORD_WORDS) {
      kinds.push(engine.events[at] ?? 0);
      streams.push(engine.events[at + Word.stream] ?? 0);
      details.push(engine.events[at + Word.a] ?? 0);
    }
  };
  const wake = (): void => {
    end.wakes++;
  };
  const engine = createDetachedEngine(ENGINE_CONFIG, onBatch, { wake, seed: new Uint8Array(32).fill(seedByte), startMicros: START_MICROS });
  open.push(engine);
  const key = new Uint8Array(32).fill(9);
  const end: End = { engine, kinds, streams, details, index: 0, association: 0, wakes: 0 };
  Object.assign(end, { index: engine.reserveIndex(key), association: engine.createAssociation({ parity, ...CREDIT }) });
  return end;
}

/** Two ends with a confirmed session between them; nothing was carried yet. */
export function connectedPair(): readonly [End, End] {
  const first = makeEnd(0, 1);
  const second = makeEnd(1, 2);
  first.engine.installSession(first.association, session(first, second, 1, 2));
  second.engine.installSession(second.association, session(second, first, 2, 1));
  return [first, second];
}

function session(own: End, other: End, sendByte: number, receiveByte: number): SessionConfig {
  return {
    localIndex: own.index,
    remoteIndex: other.index,
    cipher: 0,
    sendKey: new Uint8Array(32).fill(sendByte),
    receiveKey: new Uint8Array(32).fill(receiveByte),
    firstSend: 0n,
    firstReceive: 0n,
    path: own.engine.pathRecord(0, '10.0.0.9', 7400),
    begunHere: true,
    confirmed: true,
    preferred: true,
  };
}

/** Carries everything that one end has to send to the other, to and from the one address that both have; returns the trains. */
export function carry(from: End, to: End): Uint8Array[] {
  const room = new Uint8Array(TRAIN_ROOM_BYTES);
  const trains: Uint8Array[] = [];
  for (let length = from.engine.transmit(room); length > 0; length = from.engine.transmit(room)) {
    const segmentBytes = new DataView(room.buffer).getUint32(PATH_RECORD_BYTES, true);
    const train = room.slice(TRAIN_HEAD_BYTES, TRAIN_HEAD_BYTES + length);
    trains.push(train.slice());
    to.engine.receive(to.engine.pathRecord(0, '10.0.0.9', 7400), train, segmentBytes, 0);
  }
  while (to.engine.deliver());
  return trains;
}
