/** Shard 0 and another one, in one thread: who answers whom. */
import { MessageChannel } from 'node:worker_threads';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import type { FirstMessage } from '../../../src/peer/index.js';
import { type ControlledShard, UNANSWERED_MAX } from '../../../src/shard/control.js';
import { ControlClient } from '../../../src/shard/control-client.js';
import { ControlPlane } from '../../../src/shard/control-plane.js';
import { PLACE_KEPT_MS } from '../../../src/shard/placement.js';

const id = (number: number): NodeId => `peer ${number}` as NodeId;
const MESSAGE: FirstMessage = { admissionKey: 1, message: Uint8Array.of(1, 2, 3), proven: false };
const REMOTE = { host: '127.0.0.1', port: 9 };

/** A shard whose peers and calls the test looks at. */
class FakeShard implements ControlledShard {
  readonly peers = new Set<NodeId>();
  readonly handedOver: number[] = [];
  readonly called: NodeId[] = [];
  readonly closed: NodeId[] = [];
  readonly faults: unknown[] = [];

  has(one: NodeId): boolean {
    return this.peers.has(one);
  }

  ids(): readonly NodeId[] {
    return [...this.peers];
  }

  handOver(shard: number): boolean {
    this.handedOver.push(shard);
    return true;
  }

  callBack(one: NodeId): void {
    this.called.push(one);
  }

  close(one: NodeId): void {
    this.closed.push(one);
  }

  onFault(cause: unknown): void {
    this.faults.push(cause);
  }
}

let nowMs: number;
let [zero, one] = [new FakeShard(), new FakeShard()];
let plane: ControlPlane;
let client: ControlClient;

beforeEach(() => {
  nowMs = 0;
  [zero, one] = [new FakeShard(), new FakeShard()];
  client = new ControlClient(one);
  startPlane();
});

function startPlane(): void {
  plane = new ControlPlane(
    zero,
    10,
    () => 5,
    () => nowMs,
    () => {},
  );
}

/** Leads the two to one another; resolves when shard 0 knows who lives with the other. */
async function introduce(known = id(99)): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  client.attach(0, port2);
  plane.attach(1, port1);
  await vi.waitFor(() => expect(plane.answersHere(known, MESSAGE)).toBe(true));
}

test('a caller is handed to the shard of its place once that has heard of it, and answered there', async () => {
  await introduce();
  // Shard 0 has one peer now: the next goes to the other.
  expect(plane.answersHere(id(1), MESSAGE)).toBe(false);
  expect(zero.handedOver).toEqual([]);
  await vi.waitFor(() => expect(zero.handedOver).toEqual([1]));
  expect(client.answersHere(id(1), MESSAGE)).toBe(true);
  expect(one.handedOver).toEqual([]);
  // Known by then, it is handed over at once.
  expect(plane.answersHere(id(1), MESSAGE)).toBe(false);
  expect(zero.handedOver).toEqual([1, 1]);
});

test('a caller that a shard has not heard of is handed to shard 0', async () => {
  await introduce();
  expect(client.answersHere(id(7), MESSAGE)).toBe(false);
  expect(one.handedOver).toEqual([0]);
});

test('a new shard 0 places nobody before the others have said who lives with them', async () => {
  one.peers.add(id(3));
  const { port1, port2 } = new MessageChannel();
  plane.attach(1, port1);
  expect(plane.answersHere(id(3), MESSAGE)).toBe(false);
  expect(plane.answersHere(id(4), MESSAGE)).toBe(false);
  expect(zero.handedOver).toEqual([]);
  client.attach(0, port2);
  await vi.waitFor(() => expect(plane.answersHere(id(4), MESSAGE)).toBe(true));
  expect(plane.answersHere(id(3), MESSAGE)).toBe(false);
  expect(zero.handedOver).toEqual([1]);
});

test('a new shard 0 gives no id a place before the others have said who lives with them', async () => {
  one.peers.add(id(3));
  const { port1, port2 } = new MessageChannel();
  plane.attach(1, port1);
  const two = new MessageChannel();
  plane.attach(2, two.port1);
  const heard: unknown[] = [];
  plane.claim(id(3), REMOTE, (isHere) => heard.push(['join', isHere]));
  const placed = Promise.all([plane.place(id(3)), plane.place(id(5))]).then((places) => heard.push(places));
  two.port2.on('message', (message) => heard.push(message));
  onTestFinished(() => two.port2.close());
  two.port2.postMessage({ op: 'claim', claim: 1, id: id(3), remote: REMOTE });
  two.port2.postMessage({ op: 'roster', ids: [id(7)] });
  await vi.waitFor(() => expect(plane.claimFound(id(7))).toBe(2));
  expect([plane.claimFound(id(3)), heard]).toEqual([null, []]);
  client.attach(0, port2);
  await placed;
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  expect(heard).toEqual(expect.arrayContaining([['join', false], [1, 0], { op: 'claimed', claim: 1, isThere: false }]));
  await vi.waitFor(() => expect(one.called).toEqual([id(3), id(3)]));
});

test('what waits for a shard to speak goes on when that is gone, and is bounded', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port2.close());
  plane.attach(1, port1);
  const heard: boolean[] = [];
  for (let number = 0; number < UNANSWERED_MAX; number++) plane.claim(id(number), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([]);
  plane.claim(id(-1), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([false]);
  plane.detach(1);
  expect(heard).toHaveLength(UNANSWERED_MAX + 1);
  expect(heard[1]).toBe(true);
});

test('a peer that is there and lives in another shard is closed, not one that comes before who was awaited elsewhere', async () => {
  plane.onMade(id(1));
  await plane.place(id(2));
  for (const number of [1, 2]) one.peers.add(id(number));
  await introduce(id(1));
  await vi.waitFor(() => expect(one.closed).toEqual([id(1)]));
  expect(await plane.place(id(2))).toBe(1);
});

test('a place that nobody came to is withdrawn, and one that somebody came to is not', async () => {
  await introduce();
  for (const number of [1, 2]) plane.answersHere(id(number), MESSAGE);
  await vi.waitFor(() => expect(client.answersHere(id(1), MESSAGE)).toBe(true));
  // The second was placed in shard 0, the third goes to the other and comes.
  plane.answersHere(id(3), MESSAGE);
  await vi.waitFor(() => expect(client.answersHere(id(3), MESSAGE)).toBe(true));
  client.onMade(id(3));
  one.peers.add(id(3));
  nowMs = PLACE_KEPT_MS;
  // An answer to what was asked after its arrival.
  await new Promise((resolve) => client.claim(id(77), REMOTE, resolve));
  plane.expire();
  await vi.waitFor(() => expect(client.answersHere(id(1), MESSAGE)).toBe(false));
  expect(client.answersHere(id(3), MESSAGE)).toBe(true);
  expect(plane.answersHere(id(3), MESSAGE)).toBe(false);
});

test('who joins the wrong shard is called back from the right one', async () => {
  one.peers.add(id(1));
  await introduce();
  expect(plane.claimFound(id(1))).toBe(1);
  const heard: boolean[] = [];
  plane.claim(id(1), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([false]);
  await vi.waitFor(() => expect(one.called).toEqual([id(1)]));
  plane.onMade(id(2));
  client.claim(id(2), REMOTE, (isHere) => heard.push(isHere));
  await vi.waitFor(() => expect(zero.called).toEqual([id(2)]));
  client.claim(id(5), REMOTE, (isHere) => heard.push(isHere));
  await vi.waitFor(() => expect(heard).toEqual([false, false, true]));
  expect([zero.faults, one.faults]).toEqual([[], []]);
});

test('without shard 0 nobody new is taken, and claims that wait fail', async () => {
  await introduce();
  const heard: boolean[] = [];
  client.claim(id(5), REMOTE, (isHere) => heard.push(isHere));
  client.detach();
  expect(heard).toEqual([false]);
  client.claim(id(6), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([false, false]);
});

test('those who do not say who they are are greeted in turn', async () => {
  await introduce();
  const here = Array.from({ length: 4 }, () => plane.greetsHere(MESSAGE));
  expect(here.filter((isHere) => isHere)).toHaveLength(2);
  expect(zero.handedOver).toEqual([1, 1]);
  expect(client.greetsHere()).toBe(true);
});

test('what an earlier shard 0 placed here and never came is forgotten with it', async () => {
  await introduce();
  client.onMade(id(9));
  expect(client.answersHere(id(9), MESSAGE)).toBe(true);
  await introduce();
  expect(client.answersHere(id(9), MESSAGE)).toBe(false);
});

test('callers that wait until a shard has heard of their place are bounded', async () => {
  await introduce();
  for (let number = 0; number < UNANSWERED_MAX + 500; number++) plane.answersHere(id(1), MESSAGE);
  plane.answersHere(id(2), MESSAGE);
  await vi.waitFor(() => expect(client.answersHere(id(1), MESSAGE)).toBe(true));
  // An answer to what was asked after all of them.
  await new Promise((resolve) => client.claim(id(77), REMOTE, resolve));
  expect(zero.handedOver).toHaveLength(UNANSWERED_MAX);
  plane.answersHere(id(1), MESSAGE);
  expect(zero.handedOver).toHaveLength(UNANSWERED_MAX + 1);
});

test('joins that wait for a place are bounded', async () => {
  await introduce();
  const heard: boolean[] = [];
  for (let number = 0; number < UNANSWERED_MAX; number++) client.claim(id(5), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([]);
  client.claim(id(5), REMOTE, (isHere) => heard.push(isHere));
  expect(heard).toEqual([false]);
  await vi.waitFor(() => expect(heard).toHaveLength(UNANSWERED_MAX + 1));
  client.claim(id(5), REMOTE, (isHere) => heard.push(isHere));
  await vi.waitFor(() => expect(heard).toHaveLength(UNANSWERED_MAX + 2));
  expect(heard.filter((isHere) => !isHere)).toHaveLength(1);
});

test('a place that gives way to others is withdrawn', async () => {
  await introduce();
  plane.answersHere(id(1), MESSAGE);
  await vi.waitFor(() => expect(client.answersHere(id(1), MESSAGE)).toBe(true));
  for (let number = 2; number < 50; number++) void plane.place(id(number));
  await vi.waitFor(() => expect(client.answersHere(id(1), MESSAGE)).toBe(false));
});

test('where all places are taken by peers that are there, shard 0 answers those whom it has, and nobody else', () => {
  for (let number = 0; number < 40; number++) plane.onMade(id(number));
  expect(plane.answersHere(id(0), MESSAGE)).toBe(true);
  expect(plane.answersHere(id(40), MESSAGE)).toBe(false);
  zero.peers.add(id(40));
  expect(plane.answersHere(id(40), MESSAGE)).toBe(true);
  expect(zero.handedOver).toEqual([]);
});

test('a shard knows who lives in it once it has heard so, and asking changes nothing', async () => {
  await introduce();
  expect([plane.livesHere(id(99)), plane.livesHere(id(1)), client.livesHere(id(1))]).toEqual([true, false, false]);
  plane.answersHere(id(1), MESSAGE);
  await vi.waitFor(() => expect(client.livesHere(id(1))).toBe(true));
  expect([plane.livesHere(id(1)), one.handedOver]).toEqual([false, []]);
});

test('a place that too many wait for is refused as a failure of the shard that has not spoken, not for want of room', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port2.close());
  plane.attach(1, port1);
  const controllers = Array.from({ length: UNANSWERED_MAX }, () => new AbortController());
  const waiting = controllers.map(({ signal }, number) => plane.place(id(number), signal));
  await expect(plane.place(id(-1))).rejects.toMatchObject({ code: 'ERR_OSIER_SHARD_FAILED', details: { shard: 1 } });
  // One that nobody waits for any more takes no room.
  controllers[0]?.abort(new Error('enough'));
  await expect(waiting[0]).rejects.toThrow('enough');
  const placed = plane.place(id(-1));
  plane.detach(1);
  expect([await placed, await waiting[1]]).toEqual([0, 0]);
  expect(plane.livesHere(id(0))).toBe(false);
});

test('a message that waits for a place is not handed over when that is given up meanwhile', async () => {
  await introduce();
  plane.answersHere(id(1), MESSAGE);
  nowMs = PLACE_KEPT_MS;
  plane.expire();
  // The second is an answer to what was asked after the other had heard of the place.
  for (const number of [77, 78]) await new Promise((resolve) => client.claim(id(number), REMOTE, resolve));
  expect(zero.handedOver).toEqual([]);
  // Nor does shard 0 believe that the other has heard of a later place.
  expect(plane.answersHere(id(1), MESSAGE)).toBe(true);
});

test('a peer that shard 0 makes, and that lives in another shard, is closed', async () => {
  one.peers.add(id(1));
  await introduce();
  for (const number of [1, 2]) plane.onMade(id(number));
  expect(zero.closed).toEqual([]);
  await Promise.resolve();
  expect(zero.closed).toEqual([id(1)]);
});
