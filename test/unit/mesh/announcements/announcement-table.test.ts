import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../../src/identity/index.js';
import { AnnouncementTable } from '../../../../src/mesh/announcements/announcement-table.js';
import { ANNA, announced, BERT, identity } from './support.js';

const idsOf = (table: AnnouncementTable): NodeId[] => [...table.values()].map(({ announcement }) => announcement.id);
const ids = (...numbers: number[]): NodeId[] => numbers.map((number) => identity(number).id);

test('a second node with the same RouteId is told from the first, which stays', () => {
  const table = new AnnouncementTable(() => false);
  table.put(announced(1, 5), ANNA, 0);
  // Nobody has found two keys with one RouteId.
  const { routeKey, routeId } = announced(1, 5);
  expect(table.standingOf({ ...announced(2, 9), routeKey, routeId }, 0)).toBe('collision');
  expect(table.standingOf(announced(2, 9), 0)).toBe('newer');
  expect(table.standingOf(announced(1, 6), 0)).toBe('newer');
});

describe('a full table', () => {
  const full = (isProtected: (id: NodeId) => boolean = () => false): AnnouncementTable => {
    const table = new AnnouncementTable(isProtected, { announcements: 4, tombstones: 2 });
    for (const number of [1, 2, 3]) table.put(announced(number, 5), ANNA, number - 1);
    table.put(announced(4, 5), BERT, 3);
    return table;
  };

  test('takes no newcomer from the neighbour that fills most of it', () => {
    const table = full();
    expect(table.put(announced(5, 1), ANNA, 4)).toBeNull();
    expect(idsOf(table)).toEqual(ids(1, 2, 3, 4));
  });

  test('has room for another: the newest of those that this neighbour told gives way, until both have as much', () => {
    const table = full();
    // An old one that is told anew is no newcomer.
    table.put(announced(1, 6), ANNA, 4);
    expect(table.put(announced(5, 1), BERT, 4)?.evicted?.announcement.id).toBe(identity(3).id);
    expect(table.put(announced(6, 1), BERT, 4)).toBeNull();
    expect(idsOf(table).sort()).toEqual(ids(1, 2, 4, 5).sort());
  });

  test('keeps those of the options and neighbours, and takes them in place of others', () => {
    const [chosen] = ids(3);
    const table = full((id) => id === chosen || id === identity(7).id);
    expect(table.put(announced(5, 1), BERT, 4)?.evicted?.announcement.id).toBe(identity(2).id);
    expect(table.put(announced(7, 1), ANNA, 5)?.evicted?.announcement.id).toBe(identity(1).id);
    expect(idsOf(table)).toContain(chosen);
    const whole = full(() => true);
    expect(whole.put(announced(5, 1), BERT, 4)).toBeNull();
  });

  test('believes nothing older of who gave way, for a while, and remembers a bounded number of those', () => {
    const table = full();
    table.put(announced(5, 1), BERT, 4);
    expect(table.standingOf(announced(3, 4), 5)).toBe('old');
    expect(table.standingOf(announced(3, 5), 5)).toBe('newer');
    expect(table.standingOf(announced(3, 4), 1_200_005)).toBe('newer');
    for (const known of [...table.values()]) table.remove(known, 6, 6);
    expect([1, 2, 4, 5].map((number) => table.standingOf(announced(number, 5), 7))).toEqual(['newer', 'newer', 'old', 'old']);
  });
});
