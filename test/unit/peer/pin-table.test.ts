/** Who was found by which address, in two tables that tell each other. */
import { expect, test } from 'vitest';
import type { HostAndPort, NodeId } from '../../../src/identity/index.js';
import { PinTable } from '../../../src/peer/index.js';

const HOSTS: readonly HostAndPort[] = [1, 2].map((port) => ({ host: '10.0.0.1', port }));
const [X, Y] = ['x', 'y'] as [NodeId, NodeId];

test('two tables that pin one address to two ids at once agree on the one that decides, and tell each other once', () => {
  const [toDeciding, toOther]: [NodeId[], NodeId[]] = [[], []];
  const deciding = new PinTable([], (_, id) => toOther.push(id));
  const other = new PinTable([], (_, id) => toDeciding.push(id));
  deciding.pin(HOSTS, Y);
  other.pin(HOSTS, X);
  expect([toDeciding, toOther]).toEqual([[X], [Y]]);
  for (const id of toDeciding.splice(0)) deciding.adoptFree(HOSTS, id);
  for (const id of toOther.splice(0)) other.adopt(HOSTS, id);
  expect([toDeciding, toOther]).toEqual([[], []]);
  for (const table of [deciding, other]) expect(HOSTS.map((host) => table.get(host))).toEqual([Y, Y]);
});

test('who was found first at an address stays where another table has another one, and its free addresses are pinned', () => {
  const [first, second] = HOSTS as [HostAndPort, HostAndPort];
  const table = new PinTable();
  table.pin([first], X);
  table.adoptFree(HOSTS, Y);
  expect([table.get(first), table.get(second)]).toEqual([X, Y]);
});
