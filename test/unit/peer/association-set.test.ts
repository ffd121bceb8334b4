import { beforeEach, describe, expect, test } from 'vitest';
import { Dispatcher } from '../../../src/engine/dispatch.js';
import { EventKind } from '../../../src/engine/events.js';
import { Flusher } from '../../../src/engine/flusher.js';
import type { Runtime } from '../../../src/engine/runtime.js';
import type { OsierError } from '../../../src/errors/index.js';
import type { HandshakeResult } from '../../../src/handshake/index.js';
import { nodeIdOf } from '../../../src/identity/node-id.js';
import { AssociationSet } from '../../../src/peer/association-set.js';
import { peerRestarted } from '../../../src/peer/closing-errors.js';
import type { PeerContext } from '../../../src/peer/context.js';
import { FakeEngine } from '../support/fake-engine.js';
import { silentObserver } from '../support/silent-observer.js';

const PEER = nodeIdOf(new Uint8Array(32).fill(7));

const PATH = new Uint8Array(48);

let engine: FakeEngine;
let told: string[];
let set: AssociationSet;
let isDialing: boolean;
let tokens: number;

beforeEach(() => {
  told = [];
  isDialing = false;
  tokens = 0;
  set = makeSet(true);
});

/** The set of a node whose id is the smaller one (or not), on an engine of its own. */
function makeSet(peerIsGreater: boolean): AssociationSet {
  const dispatcher: Dispatcher = new Dispatcher({
    onHandshake: () => {},
    onRefusalHint: () => {},
    onEngineFailed: () => {},
    onFault: (error) => told.push(`fault ${(error as Error).message}`),
  });
  engine = new FakeEngine(null, (records) => dispatcher.dispatch(engine, records));
  const flusher = new Flusher(
    () => {},
    () => true,
    () => {},
  );
  const runtime: Pick<Runtime, 'randomBytes'> = { randomBytes: (count) => new Uint8Array(count).fill(++tokens) };
  const context: Partial<PeerContext> = {
    engine,
    dispatcher,
    flusher,
    runtime: runtime as Runtime,
    observer: silentObserver(),
    onSessionConfirmed: (index) => told.push(`session ${index} confirmed`),
    onSessionDropped: (index) => told.push(`session ${index} dropped`),
  };
  return new AssociationSet(context as PeerContext, peerIsGreater, {
    get isDialing() {
      return isDialing;
    },
    onStreamOpened: () => {},
    onEstablished: (association) => told.push(`established ${association.handle}`),
    onKeysChanged: () => {},
    onLost: (association, error: OsierError) => told.push(`lost ${association.handle} ${error.code}`),
    onPathChanged: () => {},
    onResetHint: () => {},
    onEnding: (association) => engine.calls.push(`count ${association.handle}`),
    onCandidateGone: () => told.push('candidate gone'),
  });
}

let nextIndex = 100;

/** A finished handshake; packet numbers count on where the association goes on. */
function finished(role: 'initiator' | 'responder', token: string, instance: string, told = 0n): HandshakeResult {
  const keys = { data: new Uint8Array(32).fill(1), hopTag: new Uint8Array(16).fill(1) };
  return {
    role,
    isConfirmed: role === 'initiator',
    verified: 'id',
    peer: PEER,
    remoteToken: token,
    remoteInstance: instance,
    localIndex: nextIndex++,
    remoteIndex: 9,
    cipher: 'chacha20-poly1305',
    sendKeys: keys,
    receiveKeys: keys,
    firstSend: told,
    firstReceive: 0n,
    remoteCredit: { maxData: 1, maxStreamData: 1, maxStreams: 1 },
  };
}

const preferred = (): string[] =>
  engine.calls.filter((call) => call.startsWith('session')).map((call) => (call.endsWith('preferred') ? 'preferred' : 'other'));

describe('which association a session belongs to', () => {
  test('the caller has it at once, the called end when it is confirmed', () => {
    set.install(finished('responder', 'a', '1'), PATH);
    expect(set.current).toBeNull();
    const index = nextIndex - 1;
    engine.tell({ kind: EventKind.sessionConfirmed, association: 1, stream: index });
    expect(told).toEqual([`session ${index} confirmed`, 'established 1']);
    expect(set.current?.handle).toBe(1);
  });

  test('the same tokens go on with it: streams of before stay', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('initiator', 'a', '1', 5n), PATH);
    expect(told).toEqual(['established 1']);
  });

  test('another instance ends the one before with PEER_RESTARTED', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('initiator', 'b', '2'), PATH);
    expect(told).toEqual(['established 1', 'lost 1 ERR_OSIER_PEER_RESTARTED', 'established 2']);
    expect(engine.calls).toContain('drop 1');
  });

  test('another token of the same instance ends it with PEER_CLOSED', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('initiator', 'b', '1'), PATH);
    expect(told).toEqual(['established 1', 'lost 1 ERR_OSIER_PEER_CLOSED', 'established 2']);
  });

  test('a session that nobody confirms replaces nothing, and leaves no trace', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('responder', 'b', '2'), PATH);
    expect(set.current?.handle).toBe(1);
    engine.tell({ kind: EventKind.sessionDropped, association: 2, stream: nextIndex - 1 });
    expect(told).toEqual(['established 1', `session ${nextIndex - 1} dropped`, 'candidate gone']);
    expect(set.current?.handle).toBe(1);
  });

  test('what was on trial before the one that is confirmed is out of date', () => {
    set.install(finished('responder', 'a', '1'), PATH);
    const late = nextIndex - 1;
    set.install(finished('responder', 'b', '2'), PATH);
    engine.tell({ kind: EventKind.sessionConfirmed, association: 2, stream: nextIndex - 1 });
    engine.tell({ kind: EventKind.sessionConfirmed, association: 1, stream: late });
    expect(set.current?.handle).toBe(2);
    expect(told).toEqual([`session ${late + 1} confirmed`, `session ${late} dropped`, 'established 2']);
  });

  test('one that has just ended takes no session, and its closing is still to come', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    engine.ending.add(1);
    expect(set.install(finished('initiator', 'a', '1', 5n), PATH)).toBe(false);
    expect(set.current?.handle).toBe(1);
    engine.tell({ kind: EventKind.associationClosed, association: 1, a: 2 });
    expect(told).toEqual(['established 1', 'lost 1 ERR_OSIER_PEER_CLOSED']);
  });

  test('one on trial that takes no session leaves no trace', () => {
    engine.ending.add(1);
    expect(set.install(finished('responder', 'a', '1'), PATH)).toBe(false);
    expect(set.isEmpty).toBe(true);
    expect(set.install(finished('responder', 'a', '1'), PATH)).toBe(true);
    expect(engine.calls).toContain(`session ${nextIndex - 1} preferred`);
  });

  test('the keys of a session are nowhere but in the engine', () => {
    const result = finished('initiator', 'a', '1');
    set.install(result, PATH);
    for (const keys of [result.sendKeys, result.receiveKeys]) expect([...keys.data, ...keys.hopTag].every((byte) => byte === 0)).toBe(true);
  });

  test('the counters of one that ends are read before it is gone', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('initiator', 'b', '2'), PATH);
    expect(engine.calls.filter((call) => call.endsWith(' 1'))).toEqual(['count 1', 'drop 1']);
  });

  test('every session that was on trial is told as confirmed or dropped, once: a thousand races leave nothing behind', () => {
    const open = new Map<number, number>();
    for (let race = 0; race < 1_000; race++) {
      // The peer's call loses to this end's; every third time its association takes no session; every fifth time all of it ends.
      if (race % 3 === 0) engine.ending.add(engine.nextHandle);
      set.install(finished('responder', `theirs ${race}`, '1'), PATH);
      open.set(nextIndex - 1, race);
      set.install(finished('initiator', `ours ${race}`, '1'), PATH);
      if (race % 5 !== 0) continue;
      set.install(finished('responder', `late ${race}`, '1'), PATH);
      open.set(nextIndex - 1, race);
      set.endState(peerRestarted(), null);
    }
    const ended = told.filter((line) => line.startsWith('session')).map((line) => Number(/session (\d+) (?:confirmed|dropped)/.exec(line)?.[1]));
    expect(ended.sort((a, b) => a - b)).toEqual([...open.keys()]);
  });

  test('of many that ask at once only the newest few are kept', () => {
    for (let token = 0; token < 50; token++) set.install(finished('responder', `t${token}`, '1'), PATH);
    expect(engine.calls.filter((call) => call.startsWith('drop'))).toHaveLength(46);
  });
});

describe('a join that the peer has finished', () => {
  const joined = (token: string, instance: string): HandshakeResult => ({ ...finished('responder', token, instance), isConfirmed: true });
  const TOKEN = new Uint8Array(8).fill(200);

  test('is the connection at once where there is none, under the token that the peer was told', () => {
    set.install(joined('a', '1'), PATH, TOKEN);
    expect(told).toEqual(['established 1']);
    expect(set.token).toEqual(TOKEN);
  });

  test.each([
    { what: 'an answer', kind: EventKind.pong, stream: 1 },
    { what: 'a stream', kind: EventKind.streamOpened, stream: 7 },
  ])('replaces another association when the peer is heard, by $what, and not before', ({ kind, stream }) => {
    set.install(finished('initiator', 'a', '1'), PATH);
    const before = set.token;
    set.install(joined('b', '2'), PATH, TOKEN);
    expect(set.current?.handle).toBe(1);
    expect([set.token, set.tokenFor('a'), set.tokenFor('b')]).toEqual([before, before, TOKEN]);
    expect(engine.calls).toContain('ping 2');
    engine.tell({ kind, association: 2, stream });
    const index = nextIndex - 1;
    expect(told).toEqual(['established 1', `session ${index} confirmed`, 'lost 1 ERR_OSIER_PEER_RESTARTED', 'established 2']);
    expect([set.token, set.tokenFor('b')]).toEqual([TOKEN, TOKEN]);
  });

  test('leaves everything as it was when the peer is not heard any more', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    const before = set.token;
    set.install(joined('b', '2'), PATH, TOKEN);
    engine.tell({ kind: EventKind.associationClosed, association: 2, a: 1, c: 30_000 });
    expect(told).toEqual(['established 1', `session ${nextIndex - 1} dropped`, 'candidate gone']);
    expect([set.current?.handle, set.token, set.has('b')]).toEqual([1, before, false]);
  });
});

describe('two sessions begun at once', () => {
  test('are one association, and both ends prefer the one begun by the smaller id', () => {
    // At the smaller end its own call wins, whichever is finished first.
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('responder', 'a', '1'), PATH);
    expect(preferred()).toEqual(['preferred', 'other']);
    set = makeSet(true);
    set.install(finished('responder', 'a', '1'), PATH);
    set.install(finished('initiator', 'a', '1'), PATH);
    expect(preferred()).toEqual(['preferred', 'preferred']);
    // At the greater end it is the other's call.
    set = makeSet(false);
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('responder', 'a', '1'), PATH);
    expect(preferred()).toEqual(['preferred', 'preferred']);
    set = makeSet(false);
    set.install(finished('responder', 'a', '1'), PATH);
    set.install(finished('initiator', 'a', '1'), PATH);
    expect(preferred()).toEqual(['preferred', 'other']);
  });

  test('do not stand in the way of a later one, whoever begins it', () => {
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('responder', 'a', '1', 40n), PATH);
    set.install(finished('initiator', 'a', '1', 7n), PATH);
    expect(preferred()).toEqual(['preferred', 'preferred', 'other']);
  });
});

describe('the token of a state', () => {
  test('stays while an association or a dial uses it, and is another afterwards', () => {
    const [first] = set.token;
    isDialing = true;
    set.forgetTokenWhenUnused();
    expect(set.token[0]).toBe(first);
    set.install(finished('initiator', 'a', '1'), PATH);
    isDialing = false;
    set.forgetTokenWhenUnused();
    expect(set.token[0]).toBe(first);
    engine.tell({ kind: EventKind.associationClosed, association: 1, a: 2, b: 3 });
    expect(told).toEqual(['established 1', 'lost 1 ERR_OSIER_PEER_CLOSED']);
    expect(set.token[0]).not.toBe(first);
  });

  test('ends with the association that it named, also beside another on trial, whose peer was told the same', () => {
    const [first] = set.token;
    set.install(finished('initiator', 'a', '1'), PATH);
    set.install(finished('responder', 'b', '1'), PATH);
    isDialing = true;
    engine.tell({ kind: EventKind.associationClosed, association: 1, a: 1, c: 30_000 });
    expect(set.token[0]).not.toBe(first);
    expect(set.tokenFor('b')[0]).toBe(first);
    engine.tell({ kind: EventKind.sessionConfirmed, association: 2, stream: nextIndex - 1 });
    expect([set.current?.handle, set.token[0]]).toEqual([2, first]);
  });

  test('ends with the last association on trial, also where the engine ended that', () => {
    const [first] = set.token;
    set.install(finished('responder', 'a', '1'), PATH);
    engine.tell({ kind: EventKind.associationClosed, association: 1, a: 2, b: 3 });
    expect(told.at(-1)).toBe('candidate gone');
    expect([set.isEmpty, set.token[0] === first]).toEqual([true, false]);
  });

  test('is what the peer of that very association was told, whichever was confirmed before', () => {
    const toldByJoin = new Uint8Array(8).fill(200);
    set.install(finished('initiator', 'a', '1'), PATH);
    const before = set.token;
    set.install({ ...finished('responder', 'b', '1'), isConfirmed: true }, PATH, toldByJoin);
    expect(set.tokenFor('c')).toEqual(before);
    set.install(finished('responder', 'c', '1'), PATH);
    const last = nextIndex - 1;
    engine.tell({ kind: EventKind.pong, association: 2, stream: 1 });
    expect([set.token, set.tokenFor('c')]).toEqual([toldByJoin, before]);
    engine.tell({ kind: EventKind.sessionConfirmed, association: 3, stream: last });
    expect([set.current?.handle, set.token]).toEqual([3, before]);
  });
});
