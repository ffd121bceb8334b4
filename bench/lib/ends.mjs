// The two processes of a measurement, each in a place of its own, whatever the contestant is written in.
import { fileURLToPath } from 'node:url';
import { linked, PinnedProcess } from './pinned-process.mjs';

/** @typedef {import('./pinned-process.mjs').Place} Place */

/**
 * @typedef {object} Entrant
 * @property {string} id Unique within a benchmark.
 * @property {string} label
 * @property {{ module: string, options?: Record<string, string> } | { program: () => string }} by A module of `contestants/`, or a native program, built when it is asked for.
 * @property {Record<string, string | number>} [plan] What differs from the benchmark's plan.
 * @property {NodeJS.ProcessEnv} [env]
 *
 * @typedef {{ receiver: PinnedProcess, sender: PinnedProcess, settings: string, stop: () => Promise<void> }} Ends
 */

/** Work whose receiver serves other work as well, by that other work.
 * @type {Readonly<Record<string, string>>} */
const RECEIVERS = { 'set-up': 'echo' };

/** Starts the receiver, then the sender that connects to it. `work` names the files of `workers/`.
 * @param {Entrant} entrant @param {string} work @param {Record<string, string | number>} plan
 * @param {readonly [sender: number | Place, receiver: number | Place]} places A number is a core. @returns {Promise<Ends>} */
export async function startEnds(entrant, work, plan, places) {
  const whole = { ...plan, ...entrant.plan };
  const receiver = start(places[1], entrant, 'receiver', work, whole, []);
  try {
    const { address, settings } = await receiver.next();
    const sender = start(places[0], entrant, 'sender', work, whole, [address]);
    linked([receiver, sender]);
    const stop = async () => {
      await Promise.all([sender.stop(), receiver.stop()]);
    };
    return { receiver, sender, settings, stop };
  } catch (error) {
    await receiver.stop();
    throw error;
  }
}

/** @param {number | Place} place @param {Entrant} entrant @param {'receiver' | 'sender'} role @param {string} work @param {object} plan @param {readonly string[]} rest */
function start(place, entrant, role, work, plan, rest) {
  const { by, env } = entrant;
  if ('program' in by) return new PinnedProcess(place, by.program(), [role, work, JSON.stringify(plan), ...rest], env);
  return startProcess(place, entrant, `${role === 'receiver' ? (RECEIVERS[work] ?? work) : work}-${role}`, plan, rest);
}

/** A worker of Node by itself.
 * @param {number | Place} place @param {Entrant} entrant @param {string} file In `workers/`. @param {object} plan @param {readonly string[]} rest */
export function startProcess(place, { by, env, label }, file, plan, rest) {
  if ('program' in by) throw new TypeError(`${label} is no contestant of Node`);
  const worker = fileURLToPath(new URL(`../workers/${file}.mjs`, import.meta.url));
  return new PinnedProcess(place, process.execPath, [worker, by.module, JSON.stringify(by.options ?? {}), JSON.stringify(plan), ...rest], env);
}
