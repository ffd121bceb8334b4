// Counts datagrams, each compared with what belongs to its number.
import { createSocket } from 'node:dgram';
import { datagramCodec } from '../lib/datagram-codec.mjs';
import { MeasuredSpan } from '../lib/measured-span.mjs';
import { numberedMessages } from '../lib/numbered-messages.mjs';
import { report } from '../lib/report-line.mjs';
import { exitWithParent } from './arguments.mjs';

exitWithParent();

const { messageBytes, isSealed, warmUpMs, measureMs } = JSON.parse(process.argv[2] ?? '{}');
const messages = numberedMessages(messageBytes);
const { unwrap } = datagramCodec(isSealed);
/** @type {MeasuredSpan | null} */
let span = null;
let [count, highest, highestBefore] = [0, 0, 0];

const socket = createSocket('udp4');
socket.on('message', (datagram) => {
  const message = unwrap(datagram);
  span ??= new MeasuredSpan({ warmUpMs, measureMs });
  if (!messages.matches(message)) return report({ error: 'a datagram is not what was sent' });
  highest = message.readUInt32LE();
  const measured = span.update(++count);
  if (measured !== null) report({ ...measured, highest: highest - highestBefore });
  else if (!span.hasBegun) highestBefore = highest;
});
socket.bind(0, '127.0.0.1', () => {
  socket.setRecvBufferSize(4 << 20);
  report({ address: String(socket.address().port) });
});
