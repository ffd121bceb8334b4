import type { SeededRandom } from '../../../src/testing/seeded-random.js';
import type { Edge } from './routing-network.js';

const DELAY_MS = [1, 10] as const;

/** Points on a torus, so that no way is longer than a ttl; linked when near, with delays as their distance, and made one piece. */
export function randomGeometric(random: SeededRandom, nodeCount: number, degree: number): Edge[] {
  const points = Array.from({ length: nodeCount }, () => [random.next(), random.next()] as const);
  const wrapped = (one: number, other: number) => Math.min(Math.abs(one - other), 1 - Math.abs(one - other));
  const distance = (one: number, other: number) => {
    const [[x = 0, y = 0] = [], [u = 0, v = 0] = []] = [points[one], points[other]];
    return Math.hypot(wrapped(x, u), wrapped(y, v));
  };
  const radius = Math.sqrt(degree / (Math.PI * nodeCount));
  const edges: Edge[] = [];
  const piece = Array.from({ length: nodeCount }, (_, index) => index);
  const pieceOf = (index: number): number => {
    let at = index;
    while (piece[at] !== at) at = piece[at] = piece[piece[at] as number] as number;
    return at;
  };
  const link = (one: number, other: number) => {
    edges.push({ one, other, delayMs: 1 + (9 * distance(one, other)) / radius });
    piece[pieceOf(one)] = pieceOf(other);
  };
  for (let one = 0; one < nodeCount; one++) {
    for (let other = one + 1; other < nodeCount; other++) if (distance(one, other) < radius) link(one, other);
  }
  for (let one = 1; one < nodeCount; one++) {
    if (pieceOf(one) === pieceOf(0)) continue;
    const others = points.map((_, other) => other).filter((other) => pieceOf(other) === pieceOf(0));
    link(
      one,
      others.reduce((best, other) => (distance(one, other) < distance(one, best) ? other : best)),
    );
  }
  return edges;
}

/** Cliques, each linked to the next by one link, and the last to the first. */
export function ringOfCliques(random: SeededRandom, cliques: number, size: number): Edge[] {
  const edges: Edge[] = [];
  for (let clique = 0; clique < cliques; clique++) {
    const first = clique * size;
    for (let one = 0; one < size; one++) for (let other = one + 1; other < size; other++) edges.push(edge(random, first + one, first + other));
    edges.push(edge(random, first, ((clique + 1) % cliques) * size + size - 1));
  }
  return edges;
}

/** A hub, its stars, and their leaves: a tree, in which each failure parts something. Node 0 is the hub. */
export function starOfStars(random: SeededRandom, stars: number, leaves: number): Edge[] {
  return Array.from({ length: stars }, (_, star) => {
    const center = 1 + star * (leaves + 1);
    return [edge(random, 0, center), ...Array.from({ length: leaves }, (_, leaf) => edge(random, center, center + 1 + leaf))];
  }).flat();
}

export function line(random: SeededRandom, nodeCount: number): Edge[] {
  return Array.from({ length: nodeCount - 1 }, (_, one) => edge(random, one, one + 1));
}

function edge(random: SeededRandom, one: number, other: number): Edge {
  return { one, other, delayMs: DELAY_MS[0] + (DELAY_MS[1] - DELAY_MS[0]) * random.next() };
}
