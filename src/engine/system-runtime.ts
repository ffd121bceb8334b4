import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { availableParallelism, networkInterfaces } from 'node:os';
import { performance } from 'node:perf_hooks';
import { randomBytes } from './random-pool.js';
import type { ResolvedAddress, Runtime, Timer } from './runtime.js';
import { sleepBy } from './sleep.js';
import { createSystemEngine } from './system-engine.js';
import { createThreads } from './system-threads.js';

/** Longest delay of a Node timer; a longer one would fire at once. */
const NODE_TIMER_MS_MAX = 2 ** 31 - 1;

/** The real machine: its clock, its resolver, and an engine on its sockets. */
export const systemRuntime: Runtime = {
  clock: { nowMs: () => performance.now(), sleep: sleepBy(setTimer) },
  wallClockMs: () => Date.now(),
  setTimer,
  // After the microtasks: a run of awaited writes, each of which resumes in one, ends up in one flush.
  atEndOfTick: (callback) => queueMicrotask(() => process.nextTick(callback)),
  randomBytes,
  resolve,
  machineAddresses,
  createThreads,
  hasOneCore: availableParallelism() === 1,
  createEngine: createSystemEngine,
};

function setTimer(delayMs: number, callback: () => void): Timer {
  if (delayMs <= NODE_TIMER_MS_MAX) {
    const timer = setTimeout(callback, Math.max(0, Math.ceil(delayMs)));
    return { cancel: () => clearTimeout(timer) };
  }
  let rest: Timer = setTimer(NODE_TIMER_MS_MAX, () => {
    rest = setTimer(delayMs - NODE_TIMER_MS_MAX, callback);
  });
  return { cancel: () => rest.cancel() };
}

async function resolve(host: string): Promise<readonly ResolvedAddress[]> {
  const zoneless = host.split('%')[0] ?? host;
  const family = isIP(zoneless);
  if (family === 4 || family === 6) return [{ host, family }];
  const found = await lookup(host, { all: true });
  return found.map(({ address, family }) => ({ host: address, family: family === 6 ? 6 : 4 }));
}

function machineAddresses(): readonly ResolvedAddress[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  // A link-local address means something only together with a zone of this machine.
  const global = found.filter(({ address }) => !address.startsWith('fe80:'));
  const outward = global.filter(({ internal }) => !internal);
  return (outward.length > 0 ? outward : global).map(({ address, family }) => ({ host: address, family: family === 'IPv6' ? 6 : 4 }));
}
