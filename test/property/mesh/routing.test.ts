import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../src/testing/seeded-random.js';
import { line, randomGeometric, ringOfCliques, starOfStars } from './graphs.js';
import { type Edge, RoutingNetwork } from './routing-network.js';

const { OSIER_SEED, OSIER_ANNOUNCED_NODES } = process.env;
const seed = OSIER_SEED ?? String(randomInt(2 ** 40));
const random = new SeededRandom(seed, 'graphs');

/** Node count, announced nodes (ways to different nodes have nothing to do with one another), and the graph. */
const GRAPHS: Readonly<Record<string, readonly [number, number, readonly Edge[]]>> = {
  'random geometric, 100 nodes': [100, 20, randomGeometric(random, 100, 7)],
  'ring of cliques, 100 nodes': [100, 20, ringOfCliques(random, 10, 10)],
  'star of stars, 111 nodes': [111, 20, starOfStars(random, 10, 10)],
  'line of 30': [30, 30, line(random, 30)],
};

/** Node count, announced nodes unless others are asked for (with all of them each graph takes minutes and gigabytes), and the graph. */
const LARGE_GRAPHS: Readonly<Record<string, readonly [number, number, () => readonly Edge[]]>> = {
  'random geometric': [1_000, 4, () => randomGeometric(random, 1_000, 8)],
  'ring of cliques': [1_000, 1, () => ringOfCliques(random, 25, 40)],
  'star of stars': [993, 4, () => starOfStars(random, 31, 31)],
};

/** All up, and ways everywhere. Every forwarding walk is checked after every change: see {@link RoutingNetwork}. */
function converged(nodeCount: number, announced: number, edges: readonly Edge[]): RoutingNetwork {
  const net = new RoutingNetwork(seed, nodeCount, edges);
  for (let index = 0; index < announced; index++) net.announce(Math.floor((index * nodeCount) / announced));
  net.run(1_000);
  expect(net.unreached()).toEqual([]);
  return net;
}

function someLink(net: RoutingNetwork) {
  const link = net.links[net.random.below(net.links.length)];
  if (link === undefined) throw new Error('no links');
  return link;
}

describe(`routers (repeat with OSIER_SEED=${seed})`, () => {
  describe.each(Object.entries(GRAPHS))('%s', (_, graph) => {
    test('have no loop at any moment, whatever happens, and lead everywhere when it has ended', () => {
      const net = converged(...graph);
      const happenings = [
        () => net.fail(someLink(net)),
        () => net.fail(someLink(net)),
        () => net.heal(someLink(net)),
        () => net.heal(someLink(net)),
        () => net.setCost(someLink(net), 1_000 * 200 ** net.random.next()),
        () => net.setCost(someLink(net), 1_000 * 200 ** net.random.next()),
        () => net.restart(net.random.below(net.nodes.length)),
        () => net.announce(Math.floor((net.random.below(graph[1]) * graph[0]) / graph[1])),
      ];
      for (let count = 0; count < 400; count++) {
        happenings[net.random.below(happenings.length)]?.();
        net.run(100 * net.random.next());
      }
      for (const link of net.links) net.heal(link);
      net.run(15_000);
      expect(net.unreached()).toEqual([]);
    });

    test('lead everywhere within a second after a failure, as far as links go', () => {
      const net = converged(...graph);
      for (let count = 0; count < 20; count++) {
        const link = someLink(net);
        net.fail(link);
        net.run(1_000);
        expect(net.unreached(), `failure ${count}`).toEqual([]);
        net.heal(link);
        net.run(1_000);
        expect(net.unreached(), `healing ${count}`).toEqual([]);
      }
    });
  });

  test('of a network that falls apart lead everywhere in each part, and everywhere when it is whole again', () => {
    const net = converged(100, 30, randomGeometric(random, 100, 7));
    const cut = net.links.filter(({ one, other }) => one < 40 !== other < 40);
    for (const link of cut) net.fail(link);
    net.run(3_000);
    expect(net.unreached()).toEqual([]);
    const lost = net.nodes.flatMap((target, destination) => {
      const part = target.isAnnounced ? net.reachable(destination) : null;
      return net.nodes.filter((node, from) => part !== null && !part.has(from) && node.next.has(destination));
    });
    expect(lost.length).toBe(0);
    net.run(60_000);
    for (const link of cut) net.heal(link);
    net.run(1_000);
    expect(net.unreached()).toEqual([]);
  });

  test('say nothing while nothing happens, and little of new announcements', () => {
    const net = converged(100, 100, randomGeometric(random, 100, 6));
    net.run(60_000);
    const before = net.bytes;
    net.run(60_000);
    expect(net.bytes - before).toBe(0);
    for (let index = 0; index < 100; index++) net.announce(index);
    net.run(60_000);
    // Once for each neighbour and destination: 1,000 destinations that announce themselves each minute cost a node less than 180 KB of it.
    const degree = (2 * net.links.length) / 100;
    const perNodeAndDestination = (net.bytes - before) / (100 * 100);
    expect(perNodeAndDestination).toBeLessThan(degree * 25 * 1.1);
  });

  test('go by a metric that swings without swinging with it', () => {
    // From 0 to 1 directly, or over 2; and four nodes behind 0.
    const around = [0, 1].map((one) => ({ one, other: 2, delayMs: 10 }));
    const net = converged(7, 7, [
      { one: 0, other: 1, delayMs: 2 },
      ...around,
      ...line(random, 5).map((_, at) => ({ one: at === 0 ? 0 : at + 2, other: at + 3, delayMs: 2 })),
    ]);
    net.run(30_000);
    const [moves, bytes] = [net.moves, net.bytes];
    for (let count = 0; count < 240; count++) {
      net.setCost(net.links[0] ?? someLink(net), count % 2 === 0 ? 100_000 : 5_000);
      net.run(250);
    }
    expect(net.moves - moves).toBe(0);
    // What a node says of a destination in a second: twice its metric, to no more than three neighbours.
    expect((net.bytes - bytes) / (7 * 7 * 60)).toBeLessThan(2 * 3 * 25);
    net.run(15_000);
    expect(net.unreached()).toEqual([]);
  });

  test('settle on ways that cost little more than the best', () => {
    const net = converged(100, 30, randomGeometric(random, 100, 7));
    net.run(60_000);
    const ratios = net.nodes.flatMap((target, destination) => {
      if (!target.isAnnounced) return [];
      const best = cheapest(net, destination);
      return net.nodes.flatMap(({ router }, from) =>
        from === destination ? [] : [(router.way(target.key)?.metricMicros ?? Infinity) / (best[from] ?? 0)],
      );
    });
    expect(Math.max(...ratios)).toBeLessThan(1.5);
    expect(ratios.reduce((sum, ratio) => sum + ratio) / ratios.length).toBeLessThan(1.05);
  });

  test('that are honest have no loop for one that claims to be at no cost from everywhere, which draws what it can', () => {
    const net = converged(100, 30, randomGeometric(random, 100, 7));
    const liar = 50;
    net.lie(liar);
    net.run(10_000);
    for (let count = 0; count < 20; count++) {
      const link = someLink(net);
      net.fail(link);
      net.run(500);
      net.heal(link);
      net.announce(Math.floor((net.random.below(30) * 100) / 30));
      net.run(500);
    }
    const ends = net.nodes.flatMap((target, destination) => (target.isAnnounced ? net.nodes.map((__, from) => net.endOfWay(from, destination)) : []));
    expect(ends.filter((end) => end === liar).length).toBeGreaterThan(100);
    // Its neighbours cut it off.
    for (const link of net.node(liar).links.values()) net.fail(link);
    net.run(1_500);
    expect(net.unreached()).toEqual([]);
  });

  test.each(Object.entries(LARGE_GRAPHS))(
    'by the thousand lead everywhere within a second, at first and after a failure: %s',
    (_, [nodeCount, announced, edges]) => {
      const net = converged(nodeCount, Number(OSIER_ANNOUNCED_NODES ?? announced), edges());
      for (let count = 0; count < 5; count++) {
        net.fail(someLink(net));
        net.run(1_000);
        expect(net.unreached(), `failure ${count}`).toEqual([]);
      }
    },
  );
});

/** What the cheapest way from every node costs: Dijkstra's algorithm, the simple form. */
function cheapest(net: RoutingNetwork, destination: number): number[] {
  const cost = net.nodes.map((__, index) => (index === destination ? 0 : Number.POSITIVE_INFINITY));
  const open = new Set(cost.keys());
  while (open.size > 0) {
    const at = [...open].reduce((one, other) => ((cost[one] ?? 0) <= (cost[other] ?? 0) ? one : other));
    open.delete(at);
    for (const [other, link] of net.node(at).links) cost[other] = Math.min(cost[other] ?? 0, (cost[at] ?? 0) + 2_000 * link.delayMs);
  }
  return cost;
}
