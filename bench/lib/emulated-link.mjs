// Two network namespaces, joined by `netem/`, for as long as a measurement lasts.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { inNamespaces, ip } from './namespaces.mjs';
import { netemProgram } from './native-programs.mjs';

/** @typedef {import('./pinned-process.mjs').Place} Place */
/** @typedef {{ seed: number, delayMs: number, loss: number, bitsPerSecond: number, queueBytes?: number }} Faults One way; see `netem/src/faults.rs`. */

const HOSTS = /** @type {const} */ (['10.77.0.1', '10.77.0.2']);

/** Runs `work` between two places that such a link joins. The program that is the link shares both cores with its ends. `controller` is TCP's there.
 * @template T @param {Faults & { controller?: 'cubic' | 'bbr' }} faults @param {readonly [number, number]} cores @param {(places: readonly [Place, Place]) => Promise<T>} work @returns {Promise<T>} */
export function acrossLink({ controller = 'cubic', ...faults }, cores, work) {
  return inNamespaces(async ([a, b]) => {
    allowController(controller);
    for (const name of [a, b]) ip('netns', 'exec', name, 'sysctl', '-qw', `net.ipv4.tcp_congestion_control=${controller}`);
    const link = spawn(netemProgram(), [a, `${HOSTS[0]}/24`, b, `${HOSTS[1]}/24`, JSON.stringify(faults)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = new Promise((resolve) => link.once('exit', resolve));
    const lines = createInterface({ input: link.stdout })[Symbol.asyncIterator]();
    try {
      const { done } = await lines.next();
      if (done) throw new Error('the emulated link did not come up');
      return await work([
        { core: cores[0], network: { namespace: a, host: HOSTS[0] } },
        { core: cores[1], network: { namespace: b, host: HOSTS[1] } },
      ]);
    } finally {
      link.stdin.end();
      await exited;
    }
  });
}

/** Namespaces may choose among the controllers that the machine allows everybody; it is told of one more, which changes nothing for anybody else.
 * @param {string} controller */
function allowController(controller) {
  const name = 'net.ipv4.tcp_allowed_congestion_control';
  const allowed = spawnSync('sysctl', ['-n', name], { encoding: 'utf8' }).stdout.trim().split(' ');
  if (!allowed.includes(controller)) spawnSync('sysctl', ['-qw', `${name}=${[...allowed, controller].join(' ')}`]);
}
