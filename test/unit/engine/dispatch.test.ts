import { beforeEach, describe, expect, test } from 'vitest';
import { type AssociationSink, Dispatcher, type StreamSink, StreamTable } from '../../../src/engine/dispatch.js';
import { EventKind, UNANSWERED } from '../../../src/engine/events.js';
import { FakeEngine } from '../support/fake-engine.js';

const HANDLE = (3 << 20) | 5;
const STREAM = (2 << 16) | 7;

let heard: string[];
let dispatcher: Dispatcher;
let engine: FakeEngine;
let streams: StreamTable;

beforeEach(() => {
  heard = [];
  dispatcher = new Dispatcher({
    onHandshake: (index, key, message) => heard.push(`handshake ${index} ${key} ${message.length}`),
    onRefusalHint: (index, kind) => heard.push(`hint ${index} ${kind}`),
    onEngineFailed: (message) => heard.push(`failed ${message}`),
    onFault: (error) => heard.push(`fault ${(error as Error).message}`),
  });
  engine = new FakeEngine(null, (records) => dispatcher.dispatch(engine, records));
  streams = new StreamTable();
  dispatcher.associations.set(associationSink());
  streams.set(streamSink());
});

function associationSink(): AssociationSink {
  const note =
    (what: string) =>
    (...values: unknown[]): void => {
      heard.push([what, ...values.map((value) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value))].join(' '));
    };
  return {
    handle: HANDLE,
    streams,
    pathSink: { onPathProbed: note('probed'), onHopSuspected: note('suspected'), onHopRecovered: note('recovered'), onTraceAnswered: note('traced') },
    onStreamOpened: note('opened'),
    onSessionConfirmed: note('confirmed'),
    onSessionDropped: note('dropped'),
    onPong: note('pong'),
    onResetHint: note('reset hint'),
    onMoreStreams: note('more streams'),
    onDraining: note('draining'),
    onPathChanged: note('path'),
    onClosed: note('closed'),
  };
}

function streamSink(): StreamSink {
  return {
    handle: STREAM,
    onReadable: (count, end) => heard.push(`readable ${count} ${end}`),
    onWritable: () => {
      throw new Error('in a sink');
    },
    onFinished: () => heard.push('finished'),
    onReset: (reason, code) => heard.push(`reset ${reason} ${code}`),
    onStopped: (code) => heard.push(`stopped ${code}`),
    onFlushed: () => heard.push('flushed'),
    onSettled: (token, fate) => heard.push(`settled ${token} ${fate}`),
    onClosed: () => heard.push('stream closed'),
  };
}

describe('a batch', () => {
  test('reaches whom each record is for', () => {
    const at = { association: HANDLE, stream: STREAM };
    engine.tell(
      { kind: EventKind.handshake, association: 9, stream: 1, bytes: new Uint8Array(50) },
      { kind: EventKind.refusalHint, association: 9, a: 2 },
      { kind: EventKind.streamReadable, ...at, a: 4_000_000_000, b: 1 },
      { kind: EventKind.streamReset, ...at, a: 1, b: 0xffff_ffff },
      { kind: EventKind.messageSettled, ...at, a: 0xffff_fffe, b: 2 },
      { kind: EventKind.pong, ...at, a: 12 },
      { kind: EventKind.pathProbed, association: HANDLE, stream: 7, a: 900 },
      { kind: EventKind.pathProbed, association: HANDLE, stream: 8, a: UNANSWERED },
      { kind: EventKind.hopSuspected, association: HANDLE, a: 30_000 },
      { kind: EventKind.hopRecovered, association: HANDLE },
      { kind: EventKind.traceAnswered, association: HANDLE, stream: 9, a: 800, b: 1, bytes: new TextEncoder().encode('far') },
      { kind: EventKind.associationClosed, association: HANDLE, a: 2, b: 1, c: 9, bytes: new TextEncoder().encode('bye') },
    );
    expect(heard).toEqual([
      'handshake 9 1 50',
      'hint 9 2',
      'readable 4000000000 true',
      'reset 1 4294967295',
      'settled 4294967294 2',
      `pong ${STREAM} 12`,
      'probed 7 900',
      'probed 8 ',
      'suspected 30000',
      'recovered',
      'traced 9 800 far true',
      'closed 2 1 9 bye',
    ]);
  });

  test('goes on behind a record whose listener threw', () => {
    const at = { association: HANDLE, stream: STREAM };
    engine.tell({ kind: EventKind.streamWritable, ...at }, { kind: EventKind.streamFinished, ...at });
    expect(heard).toEqual(['fault in a sink', 'finished']);
  });

  test('passes over handles that are dead, or of another generation', () => {
    engine.tell(
      { kind: EventKind.streamFinished, association: (4 << 20) | 5, stream: STREAM },
      { kind: EventKind.streamFinished, association: HANDLE, stream: (3 << 16) | 7 },
      { kind: EventKind.streamClosed, association: HANDLE, stream: STREAM },
      { kind: EventKind.streamFinished, association: HANDLE, stream: STREAM },
      { kind: EventKind.associationClosed, association: HANDLE },
      { kind: EventKind.moreStreams, association: HANDLE },
      { kind: 999, association: HANDLE },
    );
    expect(heard).toEqual(['stream closed', 'closed 0 0 0 ']);
  });
});
