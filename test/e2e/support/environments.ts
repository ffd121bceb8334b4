/** Where two processes meet: on the loopback, and in two network namespaces that a pair of virtual Ethernet devices joins. */
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';

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

/** Where no namespaces are needed. */
export const LOOPBACK: Place = { host: '127.0.0.1', prefix: [] };

/** Namespaces of this process only, so that two runs don't meet. The addresses are for documentation (RFC 5737): nothing else has them. */
const NAMESPACES = [0, 1].map((index) => ({ name: `osier-test-${process.pid}-${index}`, host: `192.0.2.${index + 1}` }));

/** Two namespaces and the link between them, which a test may spoil: each has another. */
export interface Link {
  readonly places: readonly [Place, Place];
  /** Runs `ip` in one of the places, or in both when `place` is `null`. The device of either is `veth`. */
  ip(place: Place | null, ...args: readonly string[]): void;
}

/** Defines `tests` once for each environment. Where namespaces can't be made, theirs fail in CI (`CI` is set) and are skipped elsewhere, aloud. */
export function describeInEnvironments(name: string, tests: (environment: Environment) => void): void {
  describe(`${name}, on the loopback`, () => tests({ name: 'loopback', places: [LOOPBACK, LOOPBACK] }));
  describeWithNamespaces(`${name}, between network namespaces`, () => {
    beforeAll(beginNamespaces);
    afterAll(endNamespaces);
    tests({ name: 'namespaces', places: namespacePlaces() });
  });
}

/** Defines tests that spoil the link between two namespaces; where those can't be made as for {@link describeInEnvironments}. */
export function describeOnLink(name: string, tests: (link: Link) => void): void {
  describeWithNamespaces(name, () => {
    beforeEach(beginNamespaces);
    afterEach(endNamespaces);
    const places = namespacePlaces();
    const names = new Map(places.map((place, index) => [place, NAMESPACES[index]?.name ?? '']));
    tests({
      places,
      ip: (place, ...args) => {
        for (const [each, name] of names) if (place === null || place === each) ip('-n', name, ...args);
      },
    });
  });
}

function describeWithNamespaces(name: string, tests: () => void): void {
  problem ??= { text: problemWithNamespaces() };
  if (problem.text === null) describe(name, tests);
  else if (process.env.CI) test(name, () => Promise.reject(new Error(problem?.text ?? '')));
  else {
    console.warn(`SKIPPED: ${name}. ${problem.text}`);
    describe.skip(`${name}: SKIPPED, they can't be made here`, tests);
  }
}

/** Why namespaces can't be made; found out once. */
let problem: { readonly text: string | null } | undefined;

function namespacePlaces(): readonly [Place, Place] {
  const [one, other] = NAMESPACES.map(({ name, host }): Place => ({ host, prefix: ['ip', 'netns', 'exec', name] }));
  if (one === undefined || other === undefined) throw new Error('two places need two namespaces');
  return [one, other];
}

function beginNamespaces(): void {
  process.once('exit', removeNamespaces);
  makeNamespaces();
}

function endNamespaces(): void {
  process.off('exit', removeNamespaces);
  removeNamespaces();
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
