import { expect, test } from 'vitest';
import { ANNA, announced, BERT, identity, StoreFixture } from './support.js';

test('the newest sequence wins, and an old one that is replayed changes nothing', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 5));
  await mesh.receive(BERT, announced(1, 7));
  await mesh.receive(ANNA, announced(1, 6), announced(1, 5));
  expect(mesh.news()).toEqual(['believed 1/5 after none', 'believed 1/7 after 5']);
  expect(mesh.store.get(identity(1).id)?.announcement.sequence).toBe(7);
  expect(mesh.store.counters).toMatchObject({ believed: 2, old: 2 });
});

test('what is not signed by the key that it names is neither believed nor passed on, and who passed it on is named', async () => {
  const mesh = new StoreFixture();
  const forged = announced(1, 5).bytes.slice();
  forged[54] = 9;
  await mesh.receive(ANNA, forged);
  await mesh.receive(BERT, forged.subarray(1), announced(2, 1).bytes.subarray(0, 100));
  expect(mesh.news()).toEqual(['bad bytes of 1001', 'bad bytes of 1002', 'bad bytes of 1002']);
  expect(mesh.store.counters).toMatchObject({ believed: 0, forged: 1, malformed: 2 });
  expect(mesh.store.size).toBe(0);
});

test('bytes that the caller changes afterwards are not believed instead of those that it gave', async () => {
  const mesh = new StoreFixture();
  const { bytes } = announced(1, 5);
  mesh.store.receive(bytes, ANNA);
  bytes.fill(0);
  await mesh.receive(ANNA);
  expect(mesh.news()).toEqual(['believed 1/5 after none']);
});

test('of two that one origin signed with one sequence the first stays, and the other is counted', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 5, 1));
  await mesh.receive(BERT, announced(1, 5, 2));
  expect(mesh.store.get(identity(1).id)?.announcement.hosts).toEqual([{ host: '192.0.2.1', port: 1 }]);
  expect(mesh.store.counters).toMatchObject({ believed: 1, contradiction: 1, forged: 0 });
  const forged = announced(1, 5, 3).bytes.slice();
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  await mesh.receive(BERT, forged);
  expect(mesh.store.counters).toMatchObject({ contradiction: 1, forged: 1 });
});

test('one ends a lifetime after it was heard first, however often it is told, and is not believed again until as long after', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 5, 7_400, 100));
  await mesh.runtime.advance(60_000);
  await mesh.receive(BERT, announced(1, 5, 7_400, 100));
  await mesh.runtime.advance(39_999);
  expect(mesh.news()).toEqual(['believed 1/5 after none']);
  await mesh.runtime.advance(1);
  expect(mesh.news()).toEqual(['expired 1/5']);
  await mesh.receive(BERT, announced(1, 5, 7_400, 100), announced(1, 4, 7_400, 100));
  expect(mesh.news()).toEqual([]);
  await mesh.receive(BERT, announced(1, 6, 7_400, 100));
  expect(mesh.news()).toEqual(['believed 1/6 after none']);
});

test('the table of what has ended is empty again in time, and no timer is left', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 5, 7_400, 100), announced(2, 5, 7_400, 50));
  await mesh.runtime.advance(200_001);
  expect(mesh.news()).toHaveLength(4);
  expect(mesh.runtime.pendingTimers).toBe(0);
  await mesh.receive(ANNA, announced(1, 5));
  expect(mesh.news()).toEqual(['believed 1/5 after none']);
});

test('of an origin that announces all the time ten pass at once and then one a second: the newest', async () => {
  const mesh = new StoreFixture();
  for (let sequence = 1; sequence <= 40; sequence++) await mesh.receive(ANNA, announced(1, sequence));
  expect(mesh.news()).toHaveLength(11);
  expect(mesh.store.get(identity(1).id)?.announcement.sequence).toBe(11);
  await mesh.receive(BERT, announced(1, 40), announced(1, 39));
  await mesh.runtime.advance(999);
  expect(mesh.news()).toEqual([]);
  await mesh.runtime.advance(1);
  expect(mesh.news()).toEqual(['believed 1/40 after 11']);
  await mesh.receive(ANNA, announced(2, 1));
  expect(mesh.news()).toEqual(['believed 2/1 after none']);
});

test('what a neighbour can have verified is bounded, and others lose nothing by it', async () => {
  const mesh = new StoreFixture();
  const { bytes } = announced(1, 5, 2);
  await mesh.receive(ANNA, announced(1, 5, 1));
  for (let count = 0; count < 10_200; count++) mesh.store.receive(bytes, BERT);
  await mesh.receive(BERT);
  expect(mesh.store.counters).toMatchObject({ contradiction: 10_000, limited: 200 });
  await mesh.receive(BERT, announced(2, 5));
  await mesh.receive(ANNA, announced(3, 5));
  expect(mesh.news()).toEqual(['believed 1/5 after none', 'believed 3/5 after none']);
  await mesh.runtime.advance(1_000);
  await mesh.receive(BERT, announced(2, 5));
  expect(mesh.news()).toEqual(['believed 2/5 after none']);
});

test('of its own the node hears only what is newer than what it says, or another of the same sequence', async () => {
  const mesh = new StoreFixture();
  mesh.own = announced(0, 5);
  await mesh.receive(ANNA, announced(0, 4), announced(0, 5));
  expect(mesh.news()).toEqual([]);
  await mesh.receive(ANNA, announced(0, 5, 1), announced(0, 9));
  expect(mesh.news()).toEqual(['own 5', 'own 9']);
  const forged = announced(0, 10).bytes.slice();
  forged[70] = (forged[70] ?? 0) ^ 1;
  await mesh.receive(ANNA, forged);
  expect(mesh.news()).toEqual(['bad bytes of 1001']);
  expect(mesh.store.size).toBe(0);
});

test('a neighbour that announces itself with an old sequence is told of', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 9));
  mesh.news();
  await mesh.receive(BERT, announced(1, 5));
  expect(mesh.news()).toEqual([]);
  await mesh.receive(identity(1).id, announced(1, 5));
  expect(mesh.news()).toEqual(['outdated 1, known 9']);
});

test('a revoked id is forgotten, and nothing of it is believed any more', async () => {
  const mesh = new StoreFixture();
  await mesh.receive(ANNA, announced(1, 5));
  mesh.revoked.add(identity(1).id);
  mesh.store.onRevoked(identity(1).id);
  await mesh.receive(ANNA, announced(1, 6));
  expect(mesh.news()).toEqual(['believed 1/5 after none', 'revoked 1/5']);
  expect(mesh.store.counters.revoked).toBe(1);
});

test('who has what is known as far as neighbours told it, so that it need not be sent there', async () => {
  const mesh = new StoreFixture();
  mesh.store.receive(announced(1, 5).bytes, ANNA);
  await mesh.receive(BERT, announced(1, 5));
  expect([...(mesh.store.get(identity(1).id)?.heldBy ?? [])]).toEqual([ANNA, BERT]);
  mesh.store.onNeighbourGone(ANNA);
  expect([...(mesh.store.get(identity(1).id)?.heldBy ?? [])]).toEqual([BERT]);
  await mesh.receive(ANNA, announced(1, 6));
  expect([...(mesh.store.get(identity(1).id)?.heldBy ?? [])]).toEqual([ANNA]);
});

test('a closed store believes nothing more and leaves no timer', async () => {
  const mesh = new StoreFixture();
  for (let sequence = 1; sequence <= 20; sequence++) await mesh.receive(ANNA, announced(1, sequence));
  mesh.news();
  mesh.store.receive(announced(2, 1).bytes, ANNA);
  await mesh.store.close();
  await mesh.receive(ANNA, announced(3, 1));
  expect(mesh.news()).toEqual([]);
  expect(mesh.runtime.pendingTimers).toBe(0);
});
