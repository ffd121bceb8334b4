// The other half of party.ts: what every program of test/e2e/sockets shares.
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { generateIdentity, loadIdentity, MeshNode } from '../../../dist/index.js';

/** What a node needs; `secret` in hex. @typedef {{ host: string, port?: number, secret: string, keyFile?: string, peerLostAfterMs?: number,
 *  limits?: import('../../../dist/index.js').LimitOptions }} NodeRequest */

/** Does what the test asks for, and ends with the test. @param {Record<string, (argument: any) => unknown>} commands */
export function answer(commands) {
  process.on('message', async (/** @type {{ id: number, command: string, argument: any }} */ { id, command, argument }) => {
    const reply = (/** @type {object} */ answered) => process.connected && process.send?.({ id, ...answered });
    try {
      const run = commands[command];
      if (run === undefined) throw new Error(`there is no command ${command}`);
      reply({ result: await run(argument) });
    } catch (error) {
      reply({ problem: error instanceof Error ? `${command}: ${error.stack}` : `${command}: ${error}` });
    }
  });
  process.on('disconnect', () => process.exit());
}

/** A node at `host`; with another identity each time unless `keyFile` names one. @param {NodeRequest} request */
export async function createNode({ host, port = 0, secret, keyFile, peerLostAfterMs, limits }) {
  const node = await MeshNode.create({
    identity: keyFile === undefined ? await generateIdentity() : await loadIdentity(keyFile, { ifMissing: 'create' }),
    network: { secret: Buffer.from(secret, 'hex') },
    listen: `udp://${host}:${port}`,
    peerLostAfterMs,
    limits,
  });
  // A handler that found something wrong.
  return node.on('warning', (warning) => console.error(warning));
}

/** Milliseconds on a clock that all processes of the machine share. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** What the process holds once garbage is gone. */
export async function held() {
  const gc = globalThis.gc ?? fail('start with --expose-gc');
  // Several turns: a finalizer runs after the collection that found its object, and frees what the next one finds.
  for (let turn = 0; turn < 10; turn++) {
    gc();
    await setImmediate();
  }
  const count = (/** @type {string} */ what) => readdirSync(`/proc/self/${what}`).length;
  return { rssBytes: process.memoryUsage.rss(), descriptors: count('fd'), threads: count('task') };
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new Error(message);
}
