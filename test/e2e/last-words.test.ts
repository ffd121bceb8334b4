import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('sockets/last-words.mjs', import.meta.url));
const COUNT = 50;

test('what a node:dgram socket was given before its close leaves, also where it has to wait for the loop', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  const heard: number[] = [];
  const all = new Promise<void>((resolve) => {
    socket.on('message', (datagram) => {
      if (datagram.length === 0) resolve();
      else heard.push(datagram[0] ?? -1);
    });
  });
  const child = spawn(process.execPath, ['--test-udp-no-try-send', PROGRAM, String(socket.address().port), String(COUNT)], { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  expect(status).toBe(0);
  // Comes after all that was sent before.
  const last = createSocket('udp4');
  last.send(new Uint8Array(0), socket.address().port, '127.0.0.1', () => last.close());
  await all;
  expect(heard).toEqual(Array.from({ length: COUNT }, (_, number) => number));
});
