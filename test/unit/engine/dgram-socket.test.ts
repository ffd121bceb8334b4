import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createDgramEngine } from '../../../src/engine/dgram-engine.js';
import { DgramSocket } from '../../../src/engine/dgram-socket.js';
import { ENGINE_COUNTERS, type EngineConfig } from '../../../src/engine/engine.js';

interface Arrival {
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

/** A socket with what arrives at it. */
function open(host: string): { readonly socket: DgramSocket; readonly next: () => Promise<Arrival> } {
  const arrivals: Arrival[] = [];
  let wake = (): void => {};
  const socket = new DgramSocket(host, 0, {
    onDatagram: (datagram, from, port) => {
      arrivals.push({ text: Buffer.from(datagram).toString(), host: from, port });
      wake();
    },
    onRoom: () => {},
    onDead: () => {},
  });
  onTestFinished(() => socket.close());
  const next = async (): Promise<Arrival> => {
    while (arrivals.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return arrivals.shift() as Arrival;
  };
  return { socket, next };
}

test('is bound when it is made, and carries datagrams both ways', async () => {
  const [one, other] = [open('127.0.0.1'), open('127.0.0.1')];
  expect(one.socket.port).toBeGreaterThan(0);
  one.socket.send(Buffer.from('hello'), '127.0.0.1', other.socket.port);
  expect(await other.next()).toEqual({ text: 'hello', host: '127.0.0.1', port: one.socket.port });
});

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));

test.runIf(hasIpv6)('shows IPv4 as such on a socket of both families, and reaches it from there', async () => {
  const [both, four] = [open('::'), open('127.0.0.1')];
  expect([both.socket.reaches(4), both.socket.reaches(6)]).toEqual([true, true]);
  expect([four.socket.reaches(4), four.socket.reaches(6)]).toEqual([true, false]);
  both.socket.send(Buffer.from('down'), '127.0.0.1', four.socket.port);
  expect((await four.next()).text).toBe('down');
  four.socket.send(Buffer.from('up'), '127.0.0.1', both.socket.port);
  expect(await both.next()).toEqual({ text: 'up', host: '127.0.0.1', port: four.socket.port });
});

test("fails at once with the system's error when the port is taken, and frees it at once when closed", async () => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  const sink = { onDatagram: () => {}, onRoom: () => {}, onDead: () => {} };
  expect(() => new DgramSocket('127.0.0.1', port, sink)).toThrow(expect.objectContaining({ code: 'EADDRINUSE', syscall: 'bind' }));
  taken.close();
  for (let round = 0; round < 3; round++) new DgramSocket('127.0.0.1', port, sink).close();
});

test('what the system refuses is lost, and the socket goes on', async () => {
  const [one, other] = [open('127.0.0.1'), open('127.0.0.1')];
  one.socket.send(new Uint8Array(65_536), '127.0.0.1', other.socket.port);
  one.socket.send(Buffer.from('x'), '127.0.0.1', 9);
  one.socket.send(Buffer.from('still here'), '127.0.0.1', other.socket.port);
  expect((await other.next()).text).toBe('still here');
});

/** What `make` returns, and the socket of Node's that it opens. */
function withNodeSocket<T>(make: () => T): { readonly made: T; readonly nodeSocket: Socket } {
  const bind = vi.spyOn(Socket.prototype, 'bind');
  try {
    const made = make();
    return { made, nodeSocket: bind.mock.contexts[0] as Socket };
  } finally {
    bind.mockRestore();
  }
}

test('what comes from port 0 is not heard, and what is to go there is lost', async () => {
  const { made: one, nodeSocket } = withNodeSocket(() => open('127.0.0.1'));
  const other = open('127.0.0.1');
  nodeSocket.emit('message', Buffer.from('forged'), { address: '127.0.0.1', port: 0, family: 'IPv4', size: 6 });
  one.socket.send(Buffer.from('nowhere'), '127.0.0.1', 0);
  other.socket.send(Buffer.from('real'), '127.0.0.1', one.socket.port);
  expect((await one.next()).text).toBe('real');
});

test('what is to go over an interface that cannot be looked up is lost', async () => {
  const [one, other] = [open('127.0.0.1'), open('127.0.0.1')];
  one.socket.send(Buffer.from('x'), 'fe80::1%nosuch', 9);
  one.socket.send(Buffer.from('still here'), '127.0.0.1', other.socket.port);
  expect((await other.next()).text).toBe('still here');
});

test('what came over an interface that is gone is lost', () => {
  const config: Omit<EngineConfig, 'congestion'> = {
    idleTimeoutMicros: 0,
    peerLostAfterMicros: 30_000_000,
    keepAliveMicros: 0,
    memoryBytes: 1 << 20,
    peers: 1,
    streamsPerPeer: 1,
    streamWindowBytes: 1 << 16,
    messageBytes: 1 << 16,
    initialDataBytes: 1 << 14,
    initialStreamDataBytes: 1 << 14,
    mtuBytes: 1_200,
  };
  const engine = createDgramEngine({ ...config, congestion: 0 }, () => {}, 'a test');
  onTestFinished(() => engine.close());
  const { nodeSocket } = withNodeSocket(() => engine.bind('127.0.0.1', 0));
  const from = (address: string) => ({ address, port: 9, family: 'IPv6', size: 64 });
  nodeSocket.emit('message', Buffer.alloc(64), from('fe80::1%nosuch0'));
  nodeSocket.emit('message', Buffer.alloc(64), from('fe80::1'));
  const counters = new BigUint64Array(ENGINE_COUNTERS);
  engine.stats(counters);
  expect(counters[1]).toBe(1n);
});

/** Whether nobody has `port`. */
function isFree(port: number): boolean {
  try {
    new DgramSocket('127.0.0.1', port, { onDatagram: () => {}, onRoom: () => {}, onDead: () => {} }).close();
    return true;
  } catch {
    return false;
  }
}

test('a closed socket frees its port when what waits to be sent has gone, or not for too long', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const queued = vi.spyOn(Socket.prototype, 'getSendQueueCount');
  onTestFinished(() => {
    queued.mockRestore();
    vi.useRealTimers();
  });
  const sink = { onDatagram: () => {}, onRoom: () => {}, onDead: () => {} };
  const closeWith = (count: number): { readonly port: number; readonly sent: () => void } => {
    const { made: socket, nodeSocket } = withNodeSocket(() => new DgramSocket('127.0.0.1', 0, sink));
    let sent = (): void => {};
    nodeSocket.send = ((_bytes: unknown, _port: unknown, _host: unknown, callback: () => void) => {
      sent = callback;
    }) as never;
    socket.send(Buffer.from('x'), '127.0.0.1', 9);
    queued.mockReturnValue(count);
    socket.close();
    socket.close();
    queued.mockReturnValue(0);
    return { port: socket.port, sent: () => sent() };
  };
  expect(isFree(closeWith(0).port)).toBe(true);

  const drained = closeWith(3);
  queued.mockReturnValue(2);
  drained.sent();
  queued.mockReturnValue(0);
  expect(isFree(drained.port)).toBe(false);
  drained.sent();
  expect(isFree(drained.port)).toBe(true);
  expect(vi.getTimerCount()).toBe(0);

  const stuck = closeWith(3);
  vi.advanceTimersByTime(200);
  expect(isFree(stuck.port)).toBe(false);
  vi.advanceTimersByTime(100);
  expect(isFree(stuck.port)).toBe(true);
});
