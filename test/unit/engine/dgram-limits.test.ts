import type { Socket } from 'node:dgram';
import { afterEach, expect, test, vi } from 'vitest';
import { DgramSocket } from '../../../src/engine/dgram-socket.js';

const made = vi.hoisted(() => [] as Socket[]);

vi.mock('node:dgram', async (importOriginal) => {
  const dgram = await importOriginal<typeof import('node:dgram')>();
  const createSocket = (...options: Parameters<typeof dgram.createSocket>): Socket => {
    const socket = dgram.createSocket(...options);
    made.push(socket);
    return socket;
  };
  return { ...dgram, createSocket };
});

const opened: DgramSocket[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close();
});

function open(): { socket: DgramSocket; system: Socket; deaths: Error[] } {
  const deaths: Error[] = [];
  const socket = new DgramSocket('127.0.0.1', 0, { onDatagram: () => {}, onRoom: () => {}, onDead: (error) => void deaths.push(error) });
  opened.push(socket);
  const system = made.at(-1);
  if (system === undefined) throw new Error('no socket was made');
  return { socket, system, deaths };
}

test('a hundred errors in a row, with nothing received between them, are the end of a socket, told once', () => {
  const { system, deaths } = open();
  const error = new Error('it fails');
  for (let count = 0; count < 99; count++) system.emit('error', error);
  system.emit('message', Buffer.alloc(1), { address: '127.0.0.1', family: 'IPv4', port: 9, size: 1 });
  for (let count = 0; count < 99; count++) system.emit('error', error);
  expect(deaths).toEqual([]);
  for (let count = 0; count < 10; count++) system.emit('error', error);
  expect(deaths).toEqual([error]);
});

test('a socket has room for 256 KiB that Node holds for it', () => {
  const { socket, system } = open();
  const held = vi.spyOn(system, 'getSendQueueSize');
  held.mockReturnValue(262_143);
  expect(socket.hasRoom()).toBe(true);
  held.mockReturnValue(262_144);
  expect(socket.hasRoom()).toBe(false);
});
