import { expect, test } from 'vitest';
import type { Threads } from '../../../../src/engine/runtime.js';
import { publicKeyOfNodeId } from '../../../../src/identity/index.js';
import { ANNOUNCEMENT_LABEL } from '../../../../src/mesh/announcements/announcement.js';
import { SignatureChecks } from '../../../../src/mesh/announcements/signature-checks.js';
import { run } from '../../../../src/mesh/announcements/signature-worker.js';
import { ANNA, announced, BERT, StoreFixture } from './support.js';

/** Threads that do what they are asked for when the test says so. */
class SlowThreads implements Threads {
  readonly asked: { readonly items: Parameters<typeof run>[0]; settle(): void; fail(cause: Error): void }[] = [];
  isClosed = false;

  run(task: unknown): Promise<unknown> {
    const items = structuredClone(task) as Parameters<typeof run>[0];
    return new Promise((resolve, reject) => this.asked.push({ items, settle: () => resolve(run(items)), fail: reject }));
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function threaded(): { readonly mesh: StoreFixture; readonly made: SlowThreads[] } {
  const mesh = new StoreFixture();
  const made: SlowThreads[] = [];
  mesh.runtime.createThreads = () => {
    made.push(new SlowThreads());
    return made.at(-1) ?? null;
  };
  return { mesh, made };
}

const many = (count: number, sequence = 1) => Array.from({ length: count }, (_, number) => announced(number + 1, sequence));

test('a few at once are verified on the thread of the node, more of them on threads', async () => {
  const { mesh, made } = threaded();
  await mesh.receive(ANNA, ...many(8));
  expect([made.length, mesh.news().length]).toEqual([0, 8]);
  await mesh.receive(ANNA, ...many(9, 2));
  expect([made.length, mesh.news().length]).toEqual([1, 0]);
  made[0]?.asked[0]?.settle();
  await mesh.runtime.advance(0);
  expect(mesh.news()).toHaveLength(9);
  await mesh.store.close();
  expect(made[0]?.isClosed).toBe(true);
});

test('a thread has 64 at a time, and what they lead to happens in the order that they came in', async () => {
  const { mesh, made } = threaded();
  const forged = announced(58, 1).bytes.slice();
  forged[54] = 2;
  await mesh.receive(ANNA, ...Array.from({ length: 64 }, (_, at) => announced(1, at + 1)), announced(2, 1), forged);
  await mesh.receive(BERT, announced(3, 1));
  const [first, second] = made[0]?.asked ?? [];
  expect([first?.items.length, second?.items.length]).toEqual([64, 2]);
  second?.settle();
  await mesh.runtime.advance(0);
  expect(mesh.news()).toEqual([]);
  first?.settle();
  await mesh.runtime.advance(0);
  expect(mesh.news().slice(-3)).toEqual(['believed 2/1 after none', 'bad bytes of 1001', 'believed 3/1 after none']);
});

test('what a thread ended with is verified by the node, which does without threads for a minute', async () => {
  const { mesh, made } = threaded();
  await mesh.receive(ANNA, ...many(9));
  made[0]?.asked[0]?.fail(new Error('no memory'));
  await mesh.runtime.advance(0);
  expect(mesh.news()).toEqual(['threads failed: Error: no memory', ...many(9).map((_, at) => `believed ${at + 1}/1 after none`)]);
  await mesh.receive(ANNA, ...many(9, 2));
  expect([made.length, mesh.news().length]).toEqual([1, 9]);
  await mesh.runtime.advance(60_000);
  await mesh.receive(ANNA, ...many(9, 3));
  expect(made).toHaveLength(2);
});

test('what is known to be good, by whichever node, is not verified again, and what several send at once is verified once', async () => {
  const { mesh, made } = threaded();
  for (const one of many(9)) mesh.store.receive(one.bytes, ANNA);
  await mesh.receive(BERT, ...many(9));
  expect(made[0]?.asked.map(({ items }) => items.length)).toEqual([9]);
  made[0]?.asked[0]?.settle();
  await mesh.runtime.advance(0);
  expect(mesh.news()).toHaveLength(9);
  const other = new StoreFixture();
  Object.assign(other.verified, { add: () => expect.unreachable('nothing is verified again') });
  Object.assign(other.verified, { has: (key: string) => mesh.verified.has(key) });
  await other.receive(ANNA, ...many(9));
  expect(other.news()).toHaveLength(9);
});

test('nobody is told anything after the close, also in the middle of a batch', async () => {
  const told: boolean[] = [];
  const { runtime, verified } = new StoreFixture();
  const checks = new SignatureChecks({ runtime, verified, onThreadsFailed: () => {}, onFault: (cause) => expect.unreachable(`${cause}`) });
  for (const { bytes, announcement } of many(3)) {
    checks.check({ label: ANNOUNCEMENT_LABEL, publicKey: publicKeyOfNodeId(announcement.id), signed: bytes }, (isGood) => {
      told.push(isGood);
      void checks.close();
    });
  }
  await runtime.advance(0);
  expect(told).toEqual([true]);
  const { mesh, made } = threaded();
  await mesh.receive(ANNA, ...many(9));
  const closed = mesh.store.close();
  made[0]?.asked[0]?.settle();
  await closed;
  await mesh.runtime.advance(0);
  expect(mesh.news()).toEqual([]);
});
