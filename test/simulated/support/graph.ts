/** Whole nodes on the links of a graph, and what their ways say. */
import type { MeshNode } from '../../../src/index.js';
import type { SimHost, SimNodeOptions } from '../../../src/testing/index.js';
import type { SimNetwork } from '../../../src/testing/sim-network.js';
import type { Edge } from '../../property/mesh/routing-network.js';
import { simulate } from './programs.js';

/** One place of a graph: its host, and the node that runs there. */
export interface Place {
  readonly host: SimHost;
  node: MeshNode;
}

/** How often virtual time is stopped to look. */
const LOOK_MS = 10;
/** Between two messages on a link that is in use. */
const BEAT_MS = 20;

/** A network in which nobody reaches anybody, until {@link startGraph} links some. */
export function simulateUnlinked(seed?: string): SimNetwork {
  return simulate({ seed, link: { lossRate: 1 } });
}

/** A relay at each end of the edges. Each knows the address of those before it alone, keeps connecting to them, and speaks to no other directly. */
export class GraphMesh {
  readonly network: SimNetwork;
  readonly places: readonly Place[];
  readonly edges: readonly Edge[];
  readonly #options: (index: number) => SimNodeOptions;
  readonly #indexOf: ReadonlyMap<string, number>;
  /** Neighbours in the graph, by index. */
  readonly #linked: readonly Set<number>[];
  readonly #dead = new Set<number>();
  readonly #listening = new WeakSet<MeshNode>();

  private constructor(
    network: SimNetwork,
    places: readonly Place[],
    edges: readonly Edge[],
    linked: readonly Set<number>[],
    options: (index: number) => SimNodeOptions,
  ) {
    this.network = network;
    this.places = places;
    this.edges = edges;
    this.#linked = linked;
    this.#options = options;
    this.#indexOf = new Map(places.map(({ node }, index) => [node.id, index]));
  }

  /** Starts them all; resolves when their sockets are there. `lossRate`: of each link, each way. */
  static async start(
    network: SimNetwork,
    nodeCount: number,
    edges: readonly Edge[],
    options: (index: number) => SimNodeOptions = () => ({}),
    lossRate = 0,
  ): Promise<GraphMesh> {
    const hosts = Array.from({ length: nodeCount }, (_, index) => network.host(`n${index}`));
    const linked = hosts.map(() => new Set<number>());
    for (const { one, other, delayMs } of edges) {
      network.setLink(hosts[one] as SimHost, hosts[other] as SimHost, { delayMs, lossRate });
      linked[one]?.add(other);
      linked[other]?.add(one);
    }
    const places: Place[] = [];
    for (const [index, host] of hosts.entries()) {
      const peers = [...(linked[index] as Set<number>)].filter((other) => other < index).map((other) => (places[other] as Place).node.address);
      places.push({ host, node: await host.start({ relay: {}, peers, ...options(index) }) });
    }
    return new GraphMesh(network, places, edges, linked, options);
  }

  node(index: number): MeshNode {
    return (this.places[index] as Place).node;
  }

  host(index: number): SimHost {
    return (this.places[index] as Place).host;
  }

  /** Kills a node without a word. */
  crash(index: number): void {
    this.host(index).crash();
    this.#dead.add(index);
  }

  /** Starts a node again where one was killed. */
  async restart(index: number): Promise<MeshNode> {
    const peers = this.neighboursOf(index).map((other) => this.node(other).address);
    const node = await this.host(index).start({ relay: {}, peers, ...this.#options(index) });
    (this.places[index] as Place).node = node;
    this.#dead.delete(index);
    return node;
  }

  /** Cuts a link, or gives it back. */
  setLinkUp(edge: Edge, isUp: boolean): void {
    this.network.setLink(this.host(edge.one), this.host(edge.other), { lossRate: isUp ? 0 : 1 });
  }

  /** Sends a message over a link every 20 ms for as long as its nodes live, so that it is in use: an idle one is not watched. */
  async beat(from: number, to: number): Promise<void> {
    const { clock } = this.network;
    this.#listen(to);
    const stream = await (await this.node(from).connect(this.node(to).address)).openStream('beat', { kind: 'messages' });
    const beating = async (): Promise<void> => {
      for (;;) {
        await stream.send(Uint8Array.of(1));
        await clock.sleep(BEAT_MS);
      }
    };
    beating().catch(() => {});
  }

  /** {@link GraphMesh.beat} over every link, without waiting for those that are cut. */
  async beatAll(): Promise<void> {
    for (const { one, other } of this.edges) this.beat(one, other).catch(() => {});
  }

  #listen(index: number): void {
    if (this.#listening.has(this.node(index))) return;
    this.#listening.add(this.node(index));
    this.node(index).handle('beat', { kind: 'messages' }, async (stream) => {
      for await (const _ of stream);
    });
  }

  neighboursOf(index: number): number[] {
    return [...(this.#linked[index] as Set<number>)];
  }

  /** Those that run. */
  get live(): number[] {
    return this.places.map((_, index) => index).filter((index) => !this.#dead.has(index));
  }

  /**
   * The first fault in what the nodes of `among` (default: all that run) would forward by now; `null`: from each of them the next hops lead to each other one, over
   * nodes that run, and come to no node twice.
   */
  fault(among: readonly number[] = this.live): string | null {
    const next = new Map(among.map((index) => [index, this.#nextHopsOf(index)]));
    const inside = new Set(among);
    for (const to of among) {
      // Nodes from which the way to `to` is known to be good.
      const good = new Set([to]);
      for (const from of among) {
        const walked: number[] = [];
        for (let at = from; !good.has(at); ) {
          if (walked.includes(at)) return `a loop to ${to}: ${walked} ${at}`;
          walked.push(at);
          const hop = next.get(at)?.get(to);
          if (hop === undefined) return `no way from ${at} to ${to}`;
          if (!inside.has(hop) || !this.#linked[at]?.has(hop)) return `the way from ${at} to ${to} is through ${hop}`;
          at = hop;
        }
        for (const at of walked) good.add(at);
      }
    }
    return null;
  }

  /** The most nodes that run and are one piece: what failed may have parted the others. */
  get largestPiece(): number[] {
    return this.#largestPieceOf(this.live);
  }

  #largestPieceOf(among: readonly number[]): number[] {
    const left = new Set(among);
    let largest: number[] = [];
    for (const first of left) {
      const piece = [first];
      left.delete(first);
      for (const at of piece) {
        for (const next of this.neighboursOf(at)) if (left.delete(next)) piece.push(next);
      }
      if (piece.length > largest.length) largest = piece;
    }
    return largest;
  }

  /** Of the nodes without which the others are still one piece: the next hop of the most ways. */
  get busiest(): number {
    const counts = new Map<number, number>();
    for (const index of this.live) {
      for (const [to, hop] of this.#nextHopsOf(index)) if (hop !== to) counts.set(hop, (counts.get(hop) ?? 0) + 1);
    }
    const parts = (index: number) => this.#largestPieceOf(this.live.filter((at) => at !== index)).length < this.live.length - 1;
    const [busiest] = [...counts].sort(([, one], [, other]) => other - one).find(([index]) => !parts(index)) ?? [];
    if (busiest === undefined) throw new Error('every node that others go through holds the mesh together');
    return busiest;
  }

  /** Whether some node has a way to `index`, or through it. */
  someWayLeadsTo(index: number): boolean {
    const { id } = this.node(index);
    return this.live.some((at) =>
      this.node(at)
        .routes()
        .some((route) => route.id === id || route.nextHop === id),
    );
  }

  /** Milliseconds until {@link GraphMesh.fault} finds nothing. Throws when that takes longer than `withinMs`. */
  async convergence(withinMs: number, among?: () => readonly number[], lookMs = LOOK_MS): Promise<number> {
    const { clock } = this.network;
    const fromMs = clock.nowMs();
    for (;;) {
      const fault = this.fault(among?.());
      if (fault === null) return clock.nowMs() - fromMs;
      if (clock.nowMs() - fromMs > withinMs) throw new Error(`after ${withinMs} ms: ${fault}`);
      await clock.sleep(lookMs);
    }
  }

  #nextHopsOf(index: number): Map<number, number> {
    const next = new Map<number, number>();
    for (const { id, nextHop } of this.node(index).routes()) {
      const [to, hop] = [this.#indexOf.get(id), this.#indexOf.get(nextHop)];
      if (to !== undefined && hop !== undefined) next.set(to, hop);
    }
    return next;
  }
}
