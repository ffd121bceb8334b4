// Sends back what it receives, by node:dgram.
import { createSocket } from 'node:dgram';
import { datagramCodec } from '../lib/datagram-codec.mjs';
import { report } from '../lib/report-line.mjs';
import { exitWithParent } from './arguments.mjs';

exitWithParent();

const socket = createSocket('udp4');
const { wrap, unwrap } = datagramCodec((process.argv[2] ?? '') !== '');
socket.on('message', (message, { port, address }) => socket.send(wrap(unwrap(message)), port, address));
socket.bind(0, '127.0.0.1', () => report({ address: String(socket.address().port) }));
