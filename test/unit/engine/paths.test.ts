import { afterEach, describe, expect, it } from 'vitest';
import { TRAIN_HEAD_BYTES, TRAIN_ROOM_BYTES } from '../../../src/engine/detached-engine.js';
import { PATH_PROBES_MAX, PATH_RECORD_BYTES } from '../../../src/engine/engine.js';
import { EventKind, UNANSWERED } from '../../../src/engine/events.js';
import { carry, closeEnds, connectedPair, type End, START_MICROS } from '../support/detached-pair.js';

const LAN_MICROS = 10_000;
const CHALLENGE_BYTES = 41;

afterEach(closeEnds);

/** Two ends that have heard each other. */
function pair(): readonly [End, End] {
  const ends = connectedPair();
  for (let rounds = 0; rounds < 4; rounds++) exchange(ends);
  return ends;
}

function exchange([first, second]: readonly [End, End]): void {
  carry(first, second);
  carry(second, first);
}

/** Where each train of an end's goes, and how long it is; none arrives. */
function lose({ engine }: End): { readonly host: string; readonly length: number }[] {
  const room = new Uint8Array(TRAIN_ROOM_BYTES);
  const lost: { host: string; length: number }[] = [];
  for (let length = engine.transmit(room); length > 0; length = engine.transmit(room)) {
    lost.push({ host: engine.pathAddress(room.subarray(0, PATH_RECORD_BYTES)).host, length });
  }
  return lost;
}

/** What an end told of one kind: its words stream and a. */
function told({ engine, kinds, streams, details }: End, kind: number): (readonly [number | undefined, number | undefined])[] {
  while (engine.deliver());
  return kinds.flatMap((at, index) => (at === kind ? [[streams[index], details[index]] as const] : []));
}

/** Lets time pass for one end, all of whose packets are lost; returns where they went. */
function passAlone(end: End, micros: number): ReturnType<typeof lose> {
  const until = end.engine.now() + micros;
  const lost: ReturnType<typeof lose> = [];
  for (let due = end.engine.timeout(); due >= 0 && due <= until; due = end.engine.timeout()) {
    end.engine.setTime(due);
    end.engine.handleTimeout();
    lost.push(...lose(end));
  }
  end.engine.setTime(until);
  return lost;
}

describe('a path that is probed', () => {
  it('is asked there, answered, told with its round trip, and not taken', () => {
    const [first, second] = pair();
    const before = first.engine.associationPath(first.association);
    expect(first.engine.probePath(first.association, first.engine.pathRecord(0, '10.0.0.77', 7400), 5)).toBe(true);
    const room = new Uint8Array(TRAIN_ROOM_BYTES);
    const length = first.engine.transmit(room);
    expect(first.engine.pathAddress(room.subarray(0, PATH_RECORD_BYTES)).host).toBe('10.0.0.77');
    expect(length).toBe(CHALLENGE_BYTES);
    second.engine.receive(second.engine.pathRecord(0, '10.0.0.9', 7400), room.slice(TRAIN_HEAD_BYTES, TRAIN_HEAD_BYTES + length), length, 0);
    first.engine.setTime(START_MICROS + 700);
    carry(second, first);
    expect(told(first, EventKind.pathProbed)).toEqual([[5, 700]]);
    expect(first.engine.associationPath(first.association)).toEqual(before);
    expect(told(first, EventKind.pathChanged)).toEqual([]);
  });

  it('and does not answer is told so after three small datagrams', () => {
    const [first] = pair();
    first.engine.probePath(first.association, first.engine.pathRecord(0, '10.0.0.77', 7400), 6);
    const lost = [...lose(first), ...passAlone(first, 2_000_000)];
    expect(lost.filter(({ host }) => host === '10.0.0.77').map(({ length }) => length)).toEqual([CHALLENGE_BYTES, CHALLENGE_BYTES, CHALLENGE_BYTES]);
    expect(told(first, EventKind.pathProbed)).toEqual([[6, UNANSWERED]]);
  });

  it('is one of sixteen at most', () => {
    const [first] = pair();
    const asked = Array.from({ length: PATH_PROBES_MAX + 1 }, (_, at) =>
      first.engine.probePath(first.association, first.engine.pathRecord(0, '10.0.0.77', 7400 + at), at),
    );
    expect(asked.filter(Boolean)).toHaveLength(16);
    expect(asked.at(-1)).toBe(false);
    expect(first.engine.probePath(0xffff_fffe, first.engine.pathRecord(0, '10.0.0.77', 1), 1)).toBe(false);
  });
});

describe('a path that the policy moves to', () => {
  it('takes the next packets, is not told, and stays when the peer gets new keys for the old one', () => {
    const [first] = pair();
    const chosen = first.engine.pathRecord(0, '10.0.0.77', 7400);
    expect(first.engine.movePath(first.association, chosen)).toBe(true);
    expect(lose(first).map(({ host }) => host)).toEqual(['10.0.0.77']);
    const localIndex = first.engine.reserveIndex(new Uint8Array(32));
    const old = first.engine.pathRecord(0, '10.0.0.9', 7400);
    const keys = { cipher: 0, sendKey: new Uint8Array(32).fill(3), receiveKey: new Uint8Array(32).fill(4) };
    const firstSend = first.engine.nextPacketNumber(first.association);
    const facts = { firstSend, firstReceive: 0n, path: old, begunHere: true, confirmed: true, preferred: true };
    expect(first.engine.installSession(first.association, { localIndex, remoteIndex: 77, ...keys, ...facts })).toBe(true);
    expect(lose(first).map(({ host }) => host)).toEqual(['10.0.0.77']);
    expect(first.engine.associationPath(first.association)).toEqual(chosen);
    expect(told(first, EventKind.pathChanged)).toEqual([]);
  });

  it('is refused where the association is dead or has no session, and what is no path', () => {
    const [first] = connectedPair();
    const path = first.engine.pathRecord(0, '10.0.0.77', 7400);
    const unused = first.engine.createAssociation({ parity: 0, peerMaxData: 0, peerMaxStreamData: 0, peerMaxStreams: 0 });
    expect(first.engine.movePath(unused, path)).toBe(false);
    expect(first.engine.probePath(unused, path, 1)).toBe(false);
    first.engine.dropAssociation(first.association);
    expect(first.engine.movePath(first.association, path)).toBe(false);
    expect(() => first.engine.movePath(first.association, new Uint8Array(47))).toThrow('path must be a Uint8Array of 48 bytes');
    expect(() => first.engine.setLiveness(first.association, -1)).toThrow('intervalMicros must be');
  });
});

describe('a hop that is watched', () => {
  it('is suspected after three intervals of silence in use, told once, and recovers with the next packet', () => {
    const ends = pair();
    const [first, second] = ends;
    first.engine.setLiveness(first.association, LAN_MICROS);
    // What was measured so far took no time: a round trip of some more than that is waited for.
    first.engine.ping(first.association, 1);
    lose(first);
    passAlone(first, 500_000);
    const suspicions = told(first, EventKind.hopSuspected);
    expect(suspicions).toHaveLength(1);
    expect(suspicions[0]?.[1]).toBe(3 * LAN_MICROS);
    expect(told(first, EventKind.hopRecovered)).toEqual([]);
    second.engine.ping(second.association, 1);
    exchange([second, first]);
    second.engine.ping(second.association, 1);
    exchange([second, first]);
    expect(told(first, EventKind.hopRecovered)).toHaveLength(1);
    expect(told(first, EventKind.hopSuspected)).toHaveLength(1);
  });

  it('and not used sends nothing', () => {
    const [first] = pair();
    first.engine.setLiveness(first.association, LAN_MICROS);
    expect(passAlone(first, 10_000_000)).toEqual([]);
  });
});
