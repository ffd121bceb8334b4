/** Where two processes meet: on the loopback, and in two network namespaces that a pair of virtual Ethernet devices joins. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, test } from 'vitest';

/** One of the two places. */
export interface Place {
  /** The address to listen on. */
  readonly host: string;
  /** What to put before a command to run it there. */
  readonly prefix: readonly string[];
}

/** Two places that reach one another. */
export interface Environment {
  readonly name: string;
  readonly places: readonly [Place, Place];
}

const LOOPBACK: Place = { host: '127.0.0.1', prefix: [] };

/** Namespaces of this process only, so that two runs don't meet. The addresses are for documentation (RFC 5737): nothing else has them. */
const NAMESPACES = [0, 1].map((index) => ({ name: `osier-test-${process.pid}-${index}`, host: `192.0.2.${index + 1}` }));

/** Defines `tests` once for each environment. Where namespaces can't be made, theirs fail in CI (`CI` is set) and are skipped elsewhere, aloud. */
export function describeInEnvironments(name: string, tests: (environment: Environment) => void): void {
  describe(`${name}, on the loopback`, () => tests({ name: 'loopback', places: [LOOPBACK, LOOPBACK] }));
  const problem = problemWithNamespaces();
  if (problem === null) describe(`${name}, between network namespaces`, () => testsBetweenNamespaces(tests));
  else if (process.env.CI) test(`${name}, between network namespaces`, () => Promise.reject(new Error(problem)));
  else {
    console.warn(`SKIPPED: ${name}, between network namespaces. ${problem}`);
    describe.skip(`${name}, between network namespaces: SKIPPED, they can't be made here`, () => testsBetweenNamespaces(tests));
  }
}

function testsBetweenNamespaces(tests: (environment: Environment) => void): void {
  beforeAll(() => {
    process.once('exit', removeNamespaces);
    makeNamespaces();
  });
  afterAll(() => {
    process.off('exit', removeNamespaces);
    removeNamespaces();
  });
  const [one, other] = NAMESPACES.map(({ name, host }): Place => ({ host, prefix: ['ip', 'netns', 'exec', name] }));
  if (one !== undefined && other !== undefined) tests({ name: 'namespaces', places: [one, other] });
}

function makeNamespaces(): void {
  const [one, other] = NAMESPACES;
  for (const { name } of NAMESPACES) ip('netns', 'add', name);
  ip('link', 'add', 'veth', 'netns', `${one?.name}`, 'type', 'veth', 'peer', 'name', 'veth', 'netns', `${other?.name}`);
  for (const { name, host } of NAMESPACES) {
    ip('-n', name, 'address', 'add', `${host}/30`, 'dev', 'veth');
    for (const device of ['lo', 'veth']) ip('-n', name, 'link', 'set', device, 'up');
  }
}

/** The devices go with them. */
function removeNamespaces(): void {
  for (const { name } of NAMESPACES) ip('netns', 'delete', name);
}

/** Tries the whole of it: a kernel may have namespaces and no veth. */
function problemWithNamespaces(): string | null {
  try {
    makeNamespaces();
    return null;
  } catch (error) {
    const user = process.getuid?.() === 0 ? '' : 'This user is not root. ';
    return `Network namespaces joined by veth can't be made: ${user}Run these tests as root, with iproute2 installed. ${(error as Error).message}`;
  } finally {
    for (const { name } of NAMESPACES) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // It was not made.
      }
    }
  }
}

/** Throws with what `ip` printed. */
function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}
