// Reads message 1s as the real module does, but ends its thread at every seventh.
import { workerData } from 'node:worker_threads';
import { run as read } from '../../../dist/handshake/first-message-worker.js';

/** @param {import('../../../dist/handshake/first-message.js').FirstMessage} first */
export function run(first) {
  if ((first.message[40] ?? 0) % 7 === 0) process.exit(1);
  if (workerData.secretKey.length !== 32) throw new Error('no key');
  return read(first);
}
