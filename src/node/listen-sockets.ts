import type { SocketAddress } from '../api/peers.js';
import type { Engine } from '../engine/engine.js';
import type { Runtime } from '../engine/runtime.js';
import { osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import type { HostAndPort } from '../identity/index.js';
import type { ListenAddress } from './options.js';

/** More hosts than this make an address unwieldy, and slow to try. */
const BOUND_HOSTS_MAX = 8;

/** Errors of a machine without IPv6. */
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT']);

/** Binds every address, to be shared with other shards where `sharesPort` says so. Throws LISTEN_FAILED, with nothing left bound by the caller's closing of the engine. */
export async function bindSockets(
  runtime: Runtime,
  engine: Engine,
  listen: readonly ListenAddress[] | null,
  sharesPort = false,
): Promise<SocketAddress[]> {
  if (listen === null) return [bindAnywhere(engine)];
  const sockets: SocketAddress[] = [];
  for (const address of listen) sockets.push(await bindOne(runtime, engine, address, sharesPort));
  return sockets;
}

/** The default: both families where the machine has both. */
function bindAnywhere(engine: Engine): SocketAddress {
  try {
    return { host: '::', port: engine.bind('::', 0).port };
  } catch (error) {
    if (!NO_IPV6.has(codeOf(error))) throw listenFailed('udp://[::]:0', error);
  }
  try {
    return { host: '0.0.0.0', port: engine.bind('0.0.0.0', 0).port };
  } catch (error) {
    throw listenFailed('udp://0.0.0.0:0', error);
  }
}

async function bindOne(runtime: Runtime, engine: Engine, { text, host, port }: ListenAddress, sharesPort: boolean): Promise<SocketAddress> {
  try {
    const [first] = await runtime.resolve(host);
    if (first === undefined) throw new Error(`${host} has no address`);
    return { host: first.host, port: engine.bind(first.host, port, sharesPort).port };
  } catch (error) {
    throw listenFailed(text, error);
  }
}

/** Where bound sockets may be reached: one that is bound to all addresses, at those of the machine. */
export function boundHosts(sockets: readonly SocketAddress[], runtime: Pick<Runtime, 'machineAddresses'>): readonly HostAndPort[] {
  const machine = runtime.machineAddresses();
  const hosts: HostAndPort[] = [];
  for (const { host, port } of sockets) {
    const reachable = host === '::' ? machine : host === '0.0.0.0' ? machine.filter(({ family }) => family === 4) : null;
    if (reachable === null) hosts.push({ host, port });
    else hosts.push(...reachable.map((address) => ({ host: address.host, port })));
  }
  return distinct(hosts).slice(0, BOUND_HOSTS_MAX);
}

function distinct(hosts: readonly HostAndPort[]): HostAndPort[] {
  return [...new Map(hosts.map((host) => [`${host.host} ${host.port}`, host])).values()];
}

function listenFailed(address: string, cause: unknown): Error {
  const code = codeOf(cause);
  const why =
    code === 'EADDRINUSE'
      ? 'the port is in use: stop the other program or choose another port'
      : code === 'EACCES'
        ? 'this user may not use that port: choose one above 1023'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address: choose one of its own'
          : textOf(cause);
  return osierError('ERR_OSIER_LISTEN_FAILED', `Cannot listen on ${address}: ${why}.`, { address }, { cause });
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
