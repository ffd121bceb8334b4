/** Sends datagrams to a port and closes at once: `node --test-udp-no-try-send last-words.mjs PORT COUNT`. With the flag all of them wait for the loop. */
import { DgramSocket } from '../../../dist/engine/dgram-socket.js';

const [port, count] = process.argv.slice(2).map(Number);
const socket = new DgramSocket('127.0.0.1', 0, { onDatagram: () => {}, onRoom: () => {}, onDead: () => {} });
socket.setRef(false);
for (let number = 0; number < (count ?? 0); number++) socket.send(Uint8Array.of(number), '127.0.0.1', port ?? 0);
socket.close();
