/**
 * A stream from A to E, which reach one another only through relays: A over B or C, each of which reaches E through D. The relay that carries the
 * stream dies, or falls silent, over and over.
 *
 * OSIER_FAILOVERS=100: so many of each kind under each traffic, and the distribution of the pauses is printed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { generateNetworkSecret, parseAddress } from '../../src/index.js';
import { describeOnLink, LOOPBACK, type Place } from './support/environments.js';
import { Party } from './support/party.js';

const FAILOVERS = Number(process.env.OSIER_FAILOVERS ?? 3);
const TIMEOUT_MS = 60_000 + FAILOVERS * 10_000;

type Traffic = 'messages' | 'bulk';

interface Member {
  readonly party: Party;
  readonly id: string;
  readonly address: string;
}

interface Report {
  readonly problems: readonly string[];
  readonly changes: readonly { readonly kind: string; readonly nextHop: string | null }[];
}

/** Relays listen on both families; A has one, E the other, so that nothing goes directly. */
const BOTH = ['udp://127.0.0.1:0', 'udp://[::1]:0'];

class Mesh {
  readonly #place: Place;
  readonly #secret = Buffer.from(generateNetworkSecret()).toString('hex');
  #relays: Member[] = [];
  #inner!: Member;
  near!: Member;
  far!: Member;

  constructor(place: Place) {
    this.#place = place;
  }

  async start(): Promise<this> {
    this.#inner = await this.#member({ listen: BOTH, relay: {}, peers: [] });
    for (let index = 0; index < 2; index++) await this.#addRelay();
    this.far = await this.#member({ listen: 'udp://[::1]:0', peers: [this.#inner.address] });
    this.near = await this.#member({ listen: 'udp://127.0.0.1:0', peers: this.#relays.map(({ address }) => address) });
    return this;
  }

  /** The relay next to A that carries the stream, once there is another way beside it. */
  async carrying(): Promise<Member> {
    const id = await this.near.party.ask<string>('carrying');
    const relay = this.#relays.find((each) => each.id === id);
    if (relay === undefined) throw new Error(`${id} is none of the relays`);
    return relay;
  }

  /** Another relay in place of this one. */
  async replace(relay: Member): Promise<void> {
    this.#relays = this.#relays.filter((each) => each !== relay);
    const { address } = await this.#addRelay();
    await this.near.party.ask('connect', address);
  }

  async #addRelay(): Promise<Member> {
    const relay = await this.#member({ listen: BOTH, relay: {}, peers: [this.#inner.address] });
    this.#relays.push(relay);
    return relay;
  }

  async #member(options: object): Promise<Member> {
    const party = new Party(this.#place, 'failover.mjs');
    return { party, ...(await party.ask<{ id: string; address: string }>('start', { secret: this.#secret, ...options })) };
  }
}

/** Strikes so many relays under one stream, and checks that the stream is whole. `strike` resolves with how to undo it. */
async function survive(place: Place, traffic: Traffic, strike: (mesh: Mesh, relay: Member) => Promise<() => Promise<void>>): Promise<number[]> {
  const mesh = await new Mesh(place).start();
  const { near, far } = mesh;
  await near.party.ask('send', { id: far.id, traffic });
  const pausesMs: number[] = [];
  for (let round = 0; round < FAILOVERS; round++) {
    const relay = await mesh.carrying();
    await far.party.ask('forget');
    const sinceMs = Number(process.hrtime.bigint()) / 1e6;
    const undo = await strike(mesh, relay);
    const atLeast = await near.party.ask<number>('rerouted', relay.id);
    pausesMs.push(await far.party.ask<number>('pauseMs', { atLeast, sinceMs }));
    await undo();
  }
  const sent = await near.party.ask<number>('stop');
  expect(await far.party.ask<number>('received')).toBe(sent);
  const [atNear, atFar] = [await near.party.ask<Report>('report'), await far.party.ask<Report>('report')];
  expect([...atNear.problems, ...atFar.problems]).toEqual([]);
  const kinds = atNear.changes.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'failover').length).toBeGreaterThanOrEqual(FAILOVERS);
  expect(kinds).not.toContain('disconnected');
  return pausesMs;
}

function tell(name: string, pausesMs: readonly number[]): void {
  if (process.env.OSIER_FAILOVERS === undefined) return;
  const sorted = [...pausesMs].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]?.toFixed(1);
  console.log(`${name}: ${sorted.length} pauses, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
}

describe.each(['messages', 'bulk'] as const)('under %s,', (traffic) => {
  test('relays that are killed cost nothing but a pause', { timeout: TIMEOUT_MS }, async () => {
    const pausesMs = await survive(LOOPBACK, traffic, async (mesh, relay) => {
      await relay.party.kill();
      return () => mesh.replace(relay);
    });
    tell(`${traffic}, killed`, pausesMs);
  });
});

describeOnLink('between relays of which packets are dropped silently', ({ places: [place] }) => {
  test.skipIf(!hasPacketFilter()).each(['messages', 'bulk'] as const)(
    '%s lose nothing, and make a pause',
    { timeout: TIMEOUT_MS },
    async (traffic) => {
      const pausesMs = await survive(place, traffic, async (_, { address }) => {
        const ports = parseAddress(address).hosts.map(({ port }) => port);
        filter(place, ...['add table inet osier', 'add chain inet osier in { type filter hook input priority 0; }']);
        filter(place, ...['dport', 'sport'].map((end) => `add rule inet osier in udp ${end} { ${ports.join(', ')} } drop`));
        return async () => filter(place, 'delete table inet osier');
      });
      tell(`${traffic}, dropped`, pausesMs);
    },
  );
});

/** Whether packets can be dropped in a namespace; says so where not. */
function hasPacketFilter(): boolean {
  const problem = spawnSync('nft', ['list', 'tables']);
  if (problem.status !== 0) console.warn('SKIPPED: silent drops need nft (nftables) and its part of the kernel');
  return problem.status === 0;
}

function filter({ prefix: [command = 'nft', ...args] }: Place, ...commands: readonly string[]): void {
  execFileSync(command, [...args, 'nft', commands.join('; ')], { stdio: ['ignore', 'pipe', 'pipe'] });
}
