import { afterEach, expect, test, vi } from 'vitest';
import { Flusher } from '../../../src/engine/flusher.js';
import { type HandshakeFault, type HandshakeParty, Initiator, JoinInitiator, Timestamps } from '../../../src/handshake/index.js';
import { CopyableState } from '../../../src/handshake/noise-state.js';
import { exchangeKeysOf, generateIdentity, generateNetworkSecret } from '../../../src/identity/index.js';
import { Answering } from '../../../src/peer/answering.js';
import type { PeerContext } from '../../../src/peer/context.js';
import type { PeerTable } from '../../../src/peer/peer-table.js';
import { FakeEngine } from '../support/fake-engine.js';
import { ManualRuntime } from '../support/manual-runtime.js';
import { silentObserver } from '../support/silent-observer.js';

const networkSecrets: HandshakeParty['networkSecrets'] = [generateNetworkSecret()];
const runtime = new ManualRuntime();

/** An engine whose indices are counted. */
class CountingEngine extends FakeEngine {
  readonly reserved = new Set<number>();
  readonly sentDatagrams: Uint8Array[] = [];
  hasIndices = true;

  override reserveIndex(): number {
    if (!this.hasIndices) return 0;
    const index = super.reserveIndex();
    this.reserved.add(index);
    return index;
  }

  override releaseIndex(index = 0): void {
    this.reserved.delete(index);
  }

  override sendDatagram(_path: Uint8Array, datagram: Uint8Array): void {
    this.sentDatagrams.push(datagram);
  }
}

async function partyOf(): Promise<HandshakeParty> {
  const identity = await generateIdentity();
  return {
    id: identity.id,
    exchangeKeys: exchangeKeysOf(identity),
    instance: '00'.repeat(16),
    networkSecrets,
    ciphers: ['chacha20-poly1305'],
    credit: { maxData: 1, maxStreamData: 1, maxStreams: 1 },
    timestamps: new Timestamps(() => runtime.wallClockMs()),
    nowMs: () => runtime.nowMs,
    randomBytes: (count) => runtime.randomBytes(count),
  };
}

afterEach(() => void vi.restoreAllMocks());

/** A node that answers, and what it counts. */
function answeringOf(called: HandshakeParty, routing: PeerContext['routing'] = null) {
  const engine = new CountingEngine(null, () => {});
  const faults: HandshakeFault[] = [];
  const flusher = new Flusher(
    () => {},
    () => true,
    () => {},
  );
  const part: Partial<PeerContext> = {
    id: called.id,
    runtime,
    engine,
    flusher,
    party: called,
    observer: silentObserver(),
    dispatcher: { associations: { size: 0 } } as PeerContext['dispatcher'],
    closedBy: null,
    revocationOf: () => null,
    routing,
    onHandshakeFault: (_peer, fault) => faults.push(fault),
  };
  let forgotten = 0;
  const peer = {
    closing: null,
    associations: { nextPacketNumberFor: () => 0n, tokenFor: () => new Uint8Array(8) },
    forgetWhenUnused: () => forgotten++,
  };
  const obtain = vi.fn(() => peer);
  const peers = { get: () => undefined, obtain };
  const answering = new Answering(part as PeerContext, peers as unknown as PeerTable, undefined, 10);
  return { answering, engine, faults, obtain, peer, forgotten: () => forgotten };
}

test.each([
  { way: 'by id', admissionKey: 0 },
  { way: 'by address', admissionKey: 1 },
])('an answer that cannot be sealed is an ignored message, and leaves no index and no peer: $way', async ({ way, admissionKey }) => {
  const [caller, called] = [await partyOf(), await partyOf()];
  const { answering, engine, faults, forgotten } = answeringOf(called);
  const end = { localIndex: 1, token: new Uint8Array(8), firstPacketNumber: 0n };
  const initiator =
    way === 'by id'
      ? new Initiator(caller, { ...end, peer: called.id, verified: 'id', replacesIndex: 0 })
      : new JoinInitiator(caller, end.localIndex);
  const { datagram } = initiator.nextMessage();
  vi.spyOn(CopyableState.prototype, 'send').mockImplementation(() => {
    throw new Error('status: -1');
  });
  answering.onHandshake(0, admissionKey, Buffer.concat([new Uint8Array(48), datagram]), true);
  expect(faults.map(({ reason }) => reason)).toEqual(['unauthentic']);
  expect([engine.reserved.size, engine.sentDatagrams.length, forgotten()]).toEqual([0, 0, way === 'by id' ? 1 : 0]);
});

/** A call by id, and what its caller makes of the answer. */
function callTo(called: HandshakeParty, caller: HandshakeParty) {
  const end = { localIndex: 1, token: new Uint8Array(8), firstPacketNumber: 0n };
  const initiator = new Initiator(caller, { ...end, peer: called.id, verified: 'id', replacesIndex: 0 });
  const message = Buffer.concat([new Uint8Array(48), initiator.nextMessage().datagram]);
  return { message, answered: (datagram: Uint8Array | undefined) => initiator.receive(datagram ?? new Uint8Array(), () => true) };
}

test('a caller for whom no index is left is refused with the limit, and no other peer gives way to it', async () => {
  const [caller, called] = [await partyOf(), await partyOf()];
  const { answering, engine, faults, obtain } = answeringOf(called);
  const { message, answered } = callTo(called, caller);
  engine.hasIndices = false;
  answering.onHandshake(0, 0, message, true);
  expect(engine.sentDatagrams).toHaveLength(1);
  expect(answered(engine.sentDatagrams[0])).toEqual({ status: 'refused', why: 'limit' });
  expect([faults, engine.calls]).toEqual([[], []]);
  expect(obtain).not.toHaveBeenCalled();
});

test('a caller that is refused because its peer is being closed leaves no index', async () => {
  const [caller, called] = [await partyOf(), await partyOf()];
  const { answering, engine, peer } = answeringOf(called);
  const { message, answered } = callTo(called, caller);
  Object.assign(peer, { closing: Promise.resolve() });
  answering.onHandshake(0, 0, message, true);
  expect(answered(engine.sentDatagrams[0])).toEqual({ status: 'refused', why: 'shutdown' });
  expect(engine.reserved.size).toBe(0);
});

test('joins that nobody completes give their keys and indices back in time, also when nobody joins after them, and leave no timer', async () => {
  const [caller, called] = [await partyOf(), await partyOf()];
  const { answering, engine } = answeringOf(called);
  const wipes = vi.spyOn(CopyableState.prototype, 'wipe');
  const greet = (localIndex: number): void => {
    const { datagram } = new JoinInitiator(caller, localIndex).nextMessage();
    answering.onHandshake(0, 1, Buffer.concat([new Uint8Array(48), datagram]), true);
  };
  greet(1);
  await runtime.advance(4_000);
  greet(2);
  await runtime.advance(5_999);
  expect([engine.reserved.size, runtime.pendingTimers, wipes.mock.calls.length]).toEqual([2, 1, 0]);
  await runtime.advance(1);
  expect([engine.reserved.size, runtime.pendingTimers, wipes.mock.calls.length]).toEqual([1, 1, 1]);
  await runtime.advance(4_000);
  expect([engine.reserved.size, runtime.pendingTimers, wipes.mock.calls.length]).toEqual([0, 0, 2]);
  greet(3);
  expect([engine.reserved.size, runtime.pendingTimers]).toEqual([1, 1]);
  await answering.close();
  expect([engine.reserved.size, runtime.pendingTimers, wipes.mock.calls.length]).toEqual([0, 0, 3]);
});

test('a call that another shard hands back, as its caller lives here by then, is answered', async () => {
  const [caller, called] = [await partyOf(), await partyOf()];
  let isHere = false;
  const asks = { answersHere: () => isHere, livesHere: () => isHere };
  const { answering, faults, forgotten } = answeringOf(called, asks as unknown as PeerContext['routing']);
  const end = { localIndex: 1, token: new Uint8Array(8), firstPacketNumber: 0n };
  const { datagram } = new Initiator(caller, { ...end, peer: called.id, verified: 'id', replacesIndex: 0 }).nextMessage();
  const message = Buffer.concat([new Uint8Array(48), datagram]);
  answering.onHandshake(0, 0, message, true);
  expect([faults, forgotten()]).toEqual([[], 0]);
  // The answer fails, and so shows that there was one.
  vi.spyOn(CopyableState.prototype, 'send').mockImplementation(() => {
    throw new Error('status: -1');
  });
  isHere = true;
  answering.onHandshake(0, 0, message, true);
  expect([faults.map(({ reason }) => reason), forgotten()]).toEqual([['unauthentic'], 1]);
});

test('callers that another shard answers take nothing from their rate here', async () => {
  const [caller, called] = [await partyOf(), await partyOf()];
  let isHere = false;
  const routing = { answersHere: () => isHere } as unknown as PeerContext['routing'];
  const { answering, faults, forgotten } = answeringOf(called, routing);
  const end = { localIndex: 1, token: new Uint8Array(8), firstPacketNumber: 0n };
  const calls = Array.from({ length: 20 }, () => new Initiator(caller, { ...end, peer: called.id, verified: 'id', replacesIndex: 0 }).nextMessage());
  for (const [number, { datagram }] of calls.entries()) {
    isHere = number === 19;
    // The answer to the last, which is answered here, fails.
    if (isHere) {
      vi.spyOn(CopyableState.prototype, 'send').mockImplementation(() => {
        throw new Error('status: -1');
      });
    }
    answering.onHandshake(0, 0, Buffer.concat([new Uint8Array(48), datagram]), true);
  }
  expect([faults.map(({ reason }) => reason), forgotten()]).toEqual([['unauthentic'], 1]);
});
