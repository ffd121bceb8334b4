// Bytes through a whole stream, both ends in this process: into the engine, through a socket, out of the engine.
import { contestant as osier } from '../contestants/osier.mjs';
import { contestant as tcp } from '../contestants/tcp.mjs';
import { Pattern } from '../lib/pattern.mjs';

const WRITE_BYTES = 65_536;
const MESSAGE_BYTES = 64;

/** @typedef {import('./tasks.mjs').Task} Task @typedef {import('../contestants/link.mjs').Contestant} Contestant */

export function osierBytes() {
  return bytesTask(osier({}));
}

export function tcpBytes() {
  return bytesTask(tcp({}));
}

/** A write of 64 KiB until all of it is read and compared.
 * @param {Contestant} contestant @returns {Promise<Task>} */
async function bytesTask(contestant) {
  const pattern = new Pattern();
  /** @type {Promise<import('../contestants/link.mjs').Stream>} */
  let arrival = Promise.reject(new Error('nobody came'));
  arrival.catch(() => {});
  /** @type {(stream: import('../contestants/link.mjs').Stream) => void} */
  let arrived = () => {};
  arrival = new Promise((resolve) => {
    arrived = resolve;
  });
  const connection = await contestant.connect(await contestant.listen((stream) => arrived(stream)));
  const sender = await connection.openStream();
  let position = 0;
  const run = async () => {
    const written = sender.write(pattern.at(position, WRITE_BYTES));
    const end = position + WRITE_BYTES;
    const receiver = await arrival;
    while (position < end) {
      const chunk = await receiver.read();
      if (chunk === null || !pattern.matches(position, chunk)) throw new Error(`the bytes from ${position} on are not those that were sent`);
      position += chunk.length;
    }
    await written;
  };
  await run();
  return { run, isAsync: true };
}

/** A message of 64 bytes until it is read and compared.
 * @returns {Promise<Task>} */
export async function osierMessage() {
  const contestant = osier({});
  const pattern = new Pattern();
  /** @type {(receiver: import('../contestants/link.mjs').MessageReceiver) => void} */
  let arrived = () => {};
  /** @type {Promise<import('../contestants/link.mjs').MessageReceiver>} */
  const arrival = new Promise((resolve) => {
    arrived = resolve;
  });
  const connection = await contestant.connect((await contestant.listenForMessages?.((receiver) => arrived(receiver))) ?? '');
  const sender = await connection.openMessages?.();
  let position = 0;
  const run = async () => {
    const message = pattern.at(position, MESSAGE_BYTES);
    await sender?.send(message);
    const batch = await (await arrival).readBatch();
    if (batch?.length !== 1 || !pattern.matches(position, batch[0] ?? message.subarray(1))) throw new Error('the message is not what was sent');
    position += MESSAGE_BYTES;
  };
  await run();
  return { run, isAsync: true };
}
