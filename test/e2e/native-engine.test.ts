import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { EventKind } from '../../src/engine/events.js';
import { CONFIG, CREDIT, connectedPair, NativeEngine, Recorder, session, TEXT } from './support/engines.js';

describe('numbers at the boundary', () => {
  const wrong: readonly unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, -1, 1.5, 2 ** 32, '1', undefined, 1n, null];

  it.each(wrong)('a handle of %s is refused, not cut', (handle) => {
    const { engine } = new Recorder();
    expect(() => engine.ping(handle as number, 0)).toThrow('association must be an integer from 0 to 4294967295');
    expect(() => engine.ping(handle as number, 0)).toThrow(TypeError);
    expect(() => engine.consume(0, 0, handle as number)).toThrow(TypeError);
  });

  it.each(wrong.filter((value) => value !== 2 ** 32).concat(2 ** 53, Number.MAX_VALUE))('a size of %s in the configuration is refused', (size) => {
    for (const name of ['memoryBytes', 'idleTimeoutMicros', 'streamWindowBytes'] as const) {
      expect(() => new NativeEngine({ ...CONFIG, [name]: size as number }, () => {})).toThrow(name);
    }
  });

  it('a congestion control that does not exist is refused', () => {
    expect(() => new NativeEngine({ ...CONFIG, congestion: 2 }, () => {})).toThrow('congestion');
  });

  it('a priority, kind, port, key or packet number out of range is refused', () => {
    const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
    const { engine, association } = first;
    const empty = new Uint8Array();
    expect(() => engine.openStream(association, 300, 3, TEXT.encode('p'), empty)).toThrow('kind');
    expect(() => engine.openStream(association, 0, 8, TEXT.encode('p'), empty)).toThrow('priority');
    expect(() => engine.openStream(association, 0, 3, empty, empty)).toThrow('protocol');
    expect(() => engine.bind('127.0.0.1', 65_536)).toThrow('port');
    expect(() => engine.reserveIndex(new Uint8Array(31))).toThrow('mac1Key');
    expect(() => engine.setAdmissionKeys(new Uint8Array(33))).toThrow('keys');
    const good = session(first, second, 1, 2, '127.0.0.1');
    for (const bad of [
      { firstSend: -1n },
      { firstSend: 1n << 62n },
      { firstReceive: 1n << 64n },
      { sendKey: empty },
      { cipher: 2 },
      { path: empty },
    ]) {
      expect(() => engine.installSession(association, { ...good, ...bad })).toThrow(Object.keys(bad)[0]);
    }
  });

  it('the largest numbers pass', () => {
    const { engine } = new Recorder();
    expect(engine.write(0xffff_ffff, 0xffff_ffff, new Uint8Array(1))).toBe(-1);
    expect(engine.nextPacketNumber(0xffff_ffff)).toBe(0n);
    expect(new NativeEngine({ ...CONFIG, memoryBytes: Number.MAX_SAFE_INTEGER, idleTimeoutMicros: Number.MAX_SAFE_INTEGER }, () => {})).toBeDefined();
  });
});

describe('sockets', () => {
  it('a port in use is the error that Node itself throws', () => {
    const { engine } = new Recorder();
    const { port } = engine.bind('127.0.0.1', 0);
    const message = `bind EADDRINUSE 127.0.0.1:${port}`;
    expect(() => engine.bind('127.0.0.1', port)).toThrow(expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind', errno: -98, message }));
    expect(() => engine.bind('192.0.2.1', 0)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
  });

  it('names, zones of IPv4 and unknown zones are refused', () => {
    const { engine } = new Recorder();
    for (const host of ['localhost', '', '127.0.0.1%lo', '1.2.3', 'x'.repeat(100)]) expect(() => engine.bind(host, 0)).toThrow(TypeError);
    expect(() => engine.bind('fe80::1%nowhere', 0)).toThrow(expect.objectContaining({ syscall: 'if_nametoindex' }));
  });

  it('a path needs a socket of its family', () => {
    const { engine } = new Recorder();
    engine.bind('127.0.0.1', 0);
    expect(engine.pathTo('127.0.0.1', 9)).toHaveLength(48);
    expect(() => engine.pathTo('::1', 9)).toThrow(expect.objectContaining({ code: 'EAFNOSUPPORT' }));
    expect(() => new Recorder().engine.pathTo('127.0.0.1', 9)).toThrow(expect.objectContaining({ code: 'EAFNOSUPPORT' }));
  });

  it('what was chosen is told, with a reason for what is missing', () => {
    const { engine } = new Recorder();
    engine.bind('127.0.0.1', 0);
    const { kind, features, receiveBufferBytes, sendBufferBytes, reasons } = engine.info();
    expect(kind).toBe('native');
    for (const name of ['gso', 'gro', 'pktinfo', 'ecn', 'dont-fragment']) {
      expect(features.includes(name) || reasons.some((reason) => reason.startsWith(name)), name).toBe(true);
    }
    expect(Math.min(receiveBufferBytes, sendBufferBytes)).toBeGreaterThan(0);
  });

  it('what was chosen stays known when the engine is closed', () => {
    const { engine } = new Recorder();
    engine.bind('127.0.0.1', 0);
    const before = engine.info();
    engine.close();
    expect(engine.info()).toEqual(before);
    expect(before.receiveBufferBytes).toBeGreaterThan(0);
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
const routes: readonly (readonly [string, string])[] = hasIpv6
  ? [
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['::', '127.0.0.1'],
      ['::', '::1'],
    ]
  : [['127.0.0.1', '127.0.0.1']];

describe.each(routes)('a stream between sockets on %s, by %s', (host, target) => {
  it('carries bytes and the end both ways', async () => {
    const { first, second } = connectedPair(host, target);
    const stream = first.engine.openStream(first.association, 0, 3, TEXT.encode('echo'), TEXT.encode('head'));
    const sent = new Uint8Array(200_000).map((_, at) => at % 251);
    const written = writeAll(first, stream, sent);

    const opened = await second.recorder.next(EventKind.streamOpened);
    expect(new TextDecoder().decode(opened.bytes)).toBe('\u0004echohead');
    const received = new Uint8Array(sent.length);
    let length = 0;
    while (length < sent.length) {
      await second.recorder.next(EventKind.streamReadable);
      length += readHalfByViewHalfByCopy(second.engine, second.association, opened.stream, received.subarray(length));
    }
    await written;
    expect(Buffer.compare(received, sent)).toBe(0);
    second.engine.finish(second.association, opened.stream);
    await first.recorder.next(EventKind.streamFinished);
    expect((await first.recorder.next(EventKind.streamReadable)).b).toBe(1);
    expect(first.engine.read(first.association, stream, new Uint8Array(1))).toBe(-1);
  });
});

async function writeAll(end: ReturnType<typeof connectedPair>['first'], stream: number, bytes: Uint8Array): Promise<void> {
  let length = 0;
  for (;;) {
    length += end.engine.write(end.association, stream, bytes.subarray(length));
    if (length === bytes.length) break;
    await end.recorder.next(EventKind.streamWritable);
  }
  end.engine.finish(end.association, stream);
}

function readHalfByViewHalfByCopy(engine: Engine, association: number, stream: number, into: Uint8Array): number {
  let length = 0;
  for (;;) {
    const view = engine.peek(association, stream);
    if (view === null) return length;
    const half = Math.ceil(view.length / 2);
    into.set(view.subarray(0, half), length);
    engine.consume(association, stream, half);
    const copied = engine.read(association, stream, into.subarray(length + half, length + view.length));
    length += half + Math.max(copied, 0);
  }
}

it('what JavaScript still sees of a ring stays readable after the engine is closed', async () => {
  const { first, second } = connectedPair('127.0.0.1', '127.0.0.1');
  const stream = first.engine.openStream(first.association, 0, 3, TEXT.encode('p'), new Uint8Array());
  first.engine.write(first.association, stream, new Uint8Array(5_000).fill(7));
  const opened = await second.recorder.next(EventKind.streamOpened);
  let view: Uint8Array | null = null;
  while (view === null || view.length < 5_000) {
    await second.recorder.next(EventKind.streamReadable);
    view = second.engine.peek(second.association, opened.stream);
  }
  second.engine.close();
  expect(view.every((byte) => byte === 7)).toBe(true);
});

it('more events than one batch holds arrive in several, each once', async () => {
  const recorder = new Recorder({ peers: 1_000 });
  const { engine } = recorder;
  const count = 5_000;
  for (let stream = 0, association = -1; stream < count; stream++) {
    if (stream % CREDIT.peerMaxStreams === 0) association = engine.createAssociation({ parity: 0, ...CREDIT });
    engine.watchAcknowledged(association, engine.openStream(association, 0, 3, TEXT.encode('p'), new Uint8Array()));
  }
  for (let told = 0; told < count; told++) await recorder.next(EventKind.streamFlushed);
  expect(recorder.batches.filter((records) => records === 1_024)).toHaveLength(4);
  expect(recorder.happened).toHaveLength(0);
});
