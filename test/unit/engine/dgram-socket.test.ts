import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { DgramSocket } from '../../../src/engine/dgram-socket.js';

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
