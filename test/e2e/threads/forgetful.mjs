// Has message 1s read on threads, none of which is authentic, and closes nothing.
import { systemRuntime } from '../../../dist/engine/system-runtime.js';
import { FirstMessages } from '../../../dist/handshake/first-messages.js';
import { exchangeKeysOf, generateIdentity } from '../../../dist/identity/index.js';

const keys = exchangeKeysOf(await generateIdentity());
const running = new Set();
process.on('worker', (worker) => {
  running.add(worker);
  worker.once('exit', () => running.delete(worker));
});
const fail = (/** @type {unknown} */ cause) => console.log(cause);
const messages = new FirstMessages(keys, { runtime: systemRuntime, onThreadsFailed: fail, onFault: fail });
let left = 100;
for (let count = left; count > 0; count--) {
  const [prologue, ephemeralSecret, message] = [new Uint8Array(32), new Uint8Array(32).fill(count), new Uint8Array(200).fill(1)];
  messages.open({ pattern: 'IK', prologue, psk: null, ephemeralSecret, message }, () => void left--);
}
process.on('exit', () => console.log(`${left} left, ${running.size > 0 ? 'some' : 'no'} threads`));
