/** What a shard tells of the peers that it has. */
import { MessageChannel } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import type { NodeCore } from '../../../src/node/node-core.js';
import type { MeshPeer } from '../../../src/peer/index.js';
import type { ShardBoot } from '../../../src/shard/boot.js';
import { HostControl } from '../../../src/shard/host-control.js';

const MESSAGE = { admissionKey: 0, message: Uint8Array.of(1), proven: true };
const boot = (index: number): ShardBoot => ({ index, shards: 2, peersMax: 10 }) as ShardBoot;
const peerOf = (id: string): MeshPeer => ({ id }) as MeshPeer;

test.each([0, 1])('a peer that gave way, and is told of late, leaves its successor the place: shard %i', (index) => {
  const control = new HostControl(
    boot(index),
    () => 0,
    () => {},
  );
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port2.close());
  control.attach(1 - index, port1);
  const present = new Map<string, MeshPeer>();
  control.core = { peers: present, engine: { handOver: () => true } } as unknown as NodeCore;
  const [before, after, other] = [peerOf('one'), peerOf('one'), peerOf('other')];
  for (const peer of [other, before, after]) {
    present.set(peer.id, peer);
    control.onMade(peer);
  }
  control.onGone(before);
  // It is known for its place alone then.
  present.clear();
  const isHere = (id: string): boolean => control.routing.answersHere(id as NodeId, MESSAGE);
  expect(isHere('one')).toBe(true);
  control.onGone(after);
  expect(isHere('one')).toBe(false);
});

test('a peer that lives in another shard is closed at once', () => {
  const control = new HostControl(
    boot(1),
    () => 0,
    () => {},
  );
  const close = vi.fn();
  control.core = { peers: new Map([['one', { close }]]) } as unknown as NodeCore;
  for (const id of ['one', 'other']) control.close(id as NodeId);
  expect(close.mock.calls).toEqual([[{ timeoutMs: 0 }]]);
});
