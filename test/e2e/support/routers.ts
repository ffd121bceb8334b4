/** An internet in network namespaces: relays on it, and hosts behind routers that translate addresses as nftables has them do. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Place } from './environments.js';

/** What a router lets in: all that comes for a port ('full'), or what was sent to; or it takes another port for each destination ('symmetric'). */
export type RouterKind = 'full' | 'port-restricted' | 'symmetric';

/** The port of every host. */
export const HOST_PORT = 7_400;

/** See the file's head. */
export interface Internet {
  /** On the internet itself, each with an address of its own. */ readonly relays: readonly Place[];
  /** By the names that they were asked for. */ readonly hosts: ReadonlyMap<string, Place>;
}

const PREFIX = `osier-nat-${process.pid}`;
const CORE = `${PREFIX}-core`;
const RELAY_HOSTS = ['198.18.0.1', '198.18.0.2'];

/** Defines tests with one host behind a router of each of these kinds. Where that can't be made, they fail in CI (`CI` is set) and are skipped elsewhere, aloud. */
export function describeOnInternet(name: string, kinds: ReadonlyMap<string, RouterKind>, tests: (internet: Internet) => void): void {
  const problem = problemWithRouters();
  if (problem === null) {
    describe(name, () => {
      beforeAll(() => {
        process.once('exit', remove);
        make(kinds);
      });
      afterAll(() => {
        process.off('exit', remove);
        remove();
      });
      const places = [...kinds.keys()].map((host, index): [string, Place] => [
        host,
        { host: insideHost(index), prefix: inNamespace(hostName(index)) },
      ]);
      tests({ relays: RELAY_HOSTS.map((host) => ({ host, prefix: inNamespace(CORE) })), hosts: new Map(places) });
    });
  } else if (process.env.CI) test(name, () => Promise.reject(new Error(problem)));
  else {
    console.warn(`SKIPPED: ${name}. ${problem}`);
    describe.skip(`${name}: SKIPPED, routers can't be made here`, () => tests({ relays: [], hosts: new Map() }));
  }
}

const made: string[] = [];
const hostName = (index: number): string => `${PREFIX}-h${index}`;
const routerName = (index: number): string => `${PREFIX}-r${index}`;
const insideHost = (index: number): string => `10.99.${index}.2`;
const outsideHost = (index: number): string => `198.18.0.${index + 11}`;
const inNamespace = (namespace: string): readonly string[] => ['ip', 'netns', 'exec', namespace];

function make(kinds: ReadonlyMap<string, RouterKind>): void {
  addNamespace(CORE);
  ip('-n', CORE, 'link', 'add', 'br0', 'type', 'bridge');
  for (const host of RELAY_HOSTS) ip('-n', CORE, 'address', 'add', `${host}/24`, 'dev', 'br0');
  ip('-n', CORE, 'link', 'set', 'br0', 'up');
  for (const [index, kind] of [...kinds.values()].entries()) addRouter(index, kind);
}

function addRouter(index: number, kind: RouterKind): void {
  const [router, host] = [routerName(index), hostName(index)];
  for (const namespace of [router, host]) addNamespace(namespace);
  ip('-n', CORE, 'link', 'add', `w${index}`, 'type', 'veth', 'peer', 'name', 'wan', 'netns', router);
  ip('-n', CORE, 'link', 'set', `w${index}`, 'master', 'br0', 'up');
  ip('-n', router, 'link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth', 'netns', host);
  ip('-n', router, 'address', 'add', `${outsideHost(index)}/24`, 'dev', 'wan');
  ip('-n', router, 'address', 'add', `10.99.${index}.1/24`, 'dev', 'lan');
  ip('-n', host, 'address', 'add', `${insideHost(index)}/24`, 'dev', 'eth');
  for (const device of ['wan', 'lan']) ip('-n', router, 'link', 'set', device, 'up');
  ip('-n', host, 'link', 'set', 'eth', 'up');
  ip('-n', host, 'route', 'add', 'default', 'via', `10.99.${index}.1`);
  run([...inNamespace(router), 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  run([...inNamespace(router), 'nft', '-f', '-'], rules(kind, insideHost(index)));
}

/** What comes for the router itself is dropped, so that it leaves no trace: otherwise the port of a host would be taken by who asks there first. */
function rules(kind: RouterKind, inside: string): string {
  const forward = kind === 'full' ? `iifname "wan" udp dport ${HOST_PORT} dnat to ${inside}` : '';
  return `table ip router {
    chain in { type filter hook input priority 0; iifname "wan" drop; }
    chain pass { type filter hook forward priority 0; ct status dnat accept; iifname "wan" ct state new drop; }
    chain before { type nat hook prerouting priority -100; ${forward}; }
    chain after { type nat hook postrouting priority 100; oifname "wan" masquerade ${kind === 'symmetric' ? 'fully-random' : ''}; }
  }`;
}

function addNamespace(name: string): void {
  ip('netns', 'add', name);
  made.push(name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
}

/** The devices go with them. */
function remove(): void {
  for (const name of made.splice(0)) ip('netns', 'delete', name);
}

/** Tries the whole of it: a kernel may have namespaces and no translation. */
function problemWithRouters(): string | null {
  try {
    make(new Map([['try', 'full']]));
    return null;
  } catch (error) {
    const message = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `${(error as Error).message}: not installed.` : (error as Error).message;
    return `Routers in network namespaces can't be made: run these tests as root, with iproute2 and nftables installed. ${message}`;
  } finally {
    remove();
  }
}

/** Throws with what `ip` printed. */
function ip(...args: readonly string[]): void {
  run(['ip', ...args]);
}

function run([command = '', ...args]: readonly string[], input = ''): void {
  execFileSync(command, args, { input, stdio: ['pipe', 'pipe', 'pipe'] });
}
