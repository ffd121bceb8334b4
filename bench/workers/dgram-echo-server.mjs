// Sends back what it receives, by node:dgram.
import { createSocket } from 'node:dgram';
import { report } from '../lib/report-line.mjs';

const socket = createSocket('udp4');
socket.on('message', (message, { port, address }) => socket.send(message, port, address));
socket.bind(0, '127.0.0.1', () => report({ address: String(socket.address().port) }));
