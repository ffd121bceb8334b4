// Small messages one way: a message stream where the contestant has one, a byte stream otherwise, in which they lie back to back.
import { MessagePattern } from '../lib/message-pattern.mjs';

/** A burst is written in one tick, as a program does that has many at hand; then it waits until more may be written. */
const BURST = 2_000;

/** Sends until it is told to stop, and ends; returns how many messages went. `isSingle`: each is awaited before the next is made.
 * @param {import('../contestants/link.mjs').MessageSender} sender @param {{ messageBytes: number, isSingle: boolean, isStopped: () => boolean }} options */
export async function sendMessages(sender, { messageBytes, isSingle, isStopped }) {
  const pattern = new MessagePattern(messageBytes);
  let messages = 0;
  while (!isStopped()) {
    for (let count = 0; count < BURST; count++) {
      const waiting = sender.send(pattern.at(messages));
      messages++;
      if (waiting !== undefined) await waiting;
      else if (isSingle) await undefined;
    }
    // Others have their turn, stdin among them.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sender.end();
  return messages;
}

/** Counts messages as they arrive, every byte compared.
 * @param {import('../contestants/link.mjs').MessageReceiver} receiver @param {number} messageBytes @param {(messages: number) => void} onMessages */
export async function receiveMessages(receiver, messageBytes, onMessages) {
  const pattern = new MessagePattern(messageBytes);
  let bytes = 0;
  for (let batch = await receiver.readBatch(); batch !== null; batch = await receiver.readBatch()) {
    for (const message of batch) {
      if (!pattern.matches(bytes, message)) throw new Error(`the bytes from ${bytes} on are not those that were sent`);
      bytes += message.length;
    }
    onMessages(Math.floor(bytes / messageBytes));
  }
  return bytes / messageBytes;
}
