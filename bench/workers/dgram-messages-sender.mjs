// Sends datagrams as fast as node:dgram takes them, until it is killed.
import { createSocket } from 'node:dgram';
import { datagramCodec } from '../lib/datagram-codec.mjs';
import { numberedMessages } from '../lib/numbered-messages.mjs';
import { exitWithParent } from './arguments.mjs';

exitWithParent();

/** Under way in libuv: more of them only take memory. */
const BURST = 500;

const [plan = '{}', port = '0'] = process.argv.slice(2);
const { messageBytes, isSealed } = JSON.parse(plan);
const messages = numberedMessages(messageBytes);
const { wrap } = datagramCodec(isSealed);
const socket = createSocket('udp4');
let number = 0;

socket.connect(Number(port), '127.0.0.1', sendBurst);

function sendBurst() {
  for (let count = 1; count < BURST; count++) socket.send(wrap(messages.make(number++)));
  socket.send(wrap(messages.make(number++)), () => setImmediate(sendBurst));
}
