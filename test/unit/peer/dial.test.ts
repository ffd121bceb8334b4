import { beforeEach, describe, expect, test } from 'vitest';
import { Flusher } from '../../../src/engine/flusher.js';
import { type HandshakeParty, Responder, Timestamps } from '../../../src/handshake/index.js';
import { exchangeKeysOf, generateIdentity, generateNetworkSecret } from '../../../src/identity/index.js';
import { AskedHosts } from '../../../src/peer/asked-hosts.js';
import { peerRestarted } from '../../../src/peer/closing-errors.js';
import type { PeerContext } from '../../../src/peer/context.js';
import { Dial } from '../../../src/peer/dial.js';
import type { MeshPeer } from '../../../src/peer/mesh-peer.js';
import { FakeEngine } from '../support/fake-engine.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

/** An engine that notes where datagrams go. */
class NotingEngine extends FakeEngine {
  readonly datagrams: { readonly to: string; readonly bytes: string }[] = [];
  /** Indices that were reserved and not given back. */
  readonly reserved = new Set<number>();
  readonly released: number[] = [];

  override pathTo(host = ''): Uint8Array {
    if (host.startsWith('!')) throw new Error('no socket of that family');
    return new TextEncoder().encode(host.padEnd(48));
  }

  override sendDatagram(path?: Uint8Array, datagram?: Uint8Array): void {
    this.datagrams.push({ to: new TextDecoder().decode(path).trim(), bytes: Buffer.from(datagram ?? []).toString('hex') });
  }

  /** Every index is taken. */
  isFull = false;
  indicesMax = Number.MAX_SAFE_INTEGER;

  override reserveIndex(): number {
    if (this.isFull || this.reserved.size >= this.indicesMax) return 0;
    const index = super.reserveIndex();
    this.reserved.add(index);
    return index;
  }

  override releaseIndex(index = 0): void {
    this.released.push(index);
    this.reserved.delete(index);
  }
}

const [caller, called] = [await generateIdentity(), await generateIdentity()];
let runtime: ManualRuntime;
let engine: NotingEngine;
let context: PeerContext;
let events: string[];
let present: Dial;

beforeEach(() => {
  runtime = new ManualRuntime();
  engine = new NotingEngine(null, () => {});
  events = [];
  const party: HandshakeParty = {
    id: caller.id,
    exchangeKeys: exchangeKeysOf(caller),
    instance: '00'.repeat(16),
    networkSecrets: [generateNetworkSecret()],
    ciphers: ['chacha20-poly1305'],
    credit: { maxData: 1, maxStreamData: 1, maxStreams: 1 },
    timestamps: new Timestamps(() => runtime.wallClockMs()),
    nowMs: () => runtime.nowMs,
    randomBytes: (count) => runtime.randomBytes(count),
  };
  const flusher = new Flusher(
    () => {},
    () => true,
    () => {},
  );
  const part: Partial<PeerContext> = {
    runtime,
    engine,
    flusher,
    asked: new AskedHosts(engine),
    party,
    calls: new Map(),
    onDialed: (succeeded) => events.push(`dialed ${succeeded}`),
  };
  context = part as PeerContext;
});

function dialTo(...hosts: string[]): Dial {
  const peer = {
    id: called.id,
    relayedPath: null,
    knownHosts: hosts.map((host) => ({ host, port: 1 })),
    associations: { current: null, token: new Uint8Array(8), nextPacketNumber: 0n },
    onSession: (_result: unknown, path: Uint8Array) => events.push(`session by ${new TextDecoder().decode(path).trim()}`) > 0,
  };
  const dial = new Dial(context, peer as unknown as MeshPeer, {
    onAttempt: (attempt) => events.push(`attempt ${attempt}`),
    onOver: () => events.push('over'),
  });
  dial.start();
  present = dial;
  return dial;
}

/** The node's network secrets are others. */
function useSecrets(...networkSecrets: HandshakeParty['networkSecrets']): void {
  Object.assign(context.party, { networkSecrets });
  present.onSecrets();
}

const addressees = (): string[] => engine.datagrams.map(({ to }) => to);

describe('a dial', () => {
  test('tries one address after the other, all with the same message, until somebody answers', async () => {
    runtime.names.set('many.example', ['192.0.2.1', '192.0.2.2', '192.0.2.1', '!2001:db8::1']);
    const waiting = dialTo('many.example', 'unknown.example')
      .wait(new AbortController().signal)
      .catch(() => {});
    await settle();
    expect(addressees()).toEqual(['192.0.2.1']);
    await runtime.advance(249);
    const beforeSecond = engine.datagrams.length;
    await runtime.advance(1);
    expect(addressees().slice(beforeSecond)).toContain('192.0.2.2');
    await runtime.advance(20_000);
    const last = engine.datagrams.slice(-2);
    expect(last.map(({ to }) => to)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(last[0]?.bytes).toBe(last[1]?.bytes);
    void waiting;
  });

  test('waits longer from attempt to attempt, up to a few seconds, and never gives up on its own', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const waiting = dialTo('192.0.2.1')
      .wait(new AbortController().signal)
      .catch(() => {});
    await runtime.advance(10_000);
    const early = events.length;
    await runtime.advance(3_600_000);
    expect(early).toBeGreaterThan(6);
    expect(events.length).toBeGreaterThan(3_600 / 6);
    expect(events.length).toBeLessThan(3_600 / 4 + 20);
    void waiting;
  });

  test('that nobody waits for any more leaves no timer, no index and no call behind', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const dial = dialTo('192.0.2.1');
    const [one, other] = [new AbortController(), new AbortController()];
    const waiting = [dial.wait(one.signal), dial.wait(other.signal)];
    await settle();
    one.abort(new Error('one'));
    await expect(waiting[0]).rejects.toThrow('one');
    expect(runtime.pendingTimers).toBeGreaterThan(0);
    other.abort(new Error('other'));
    await expect(waiting[1]).rejects.toThrow('other');
    expect(runtime.pendingTimers).toBe(0);
    expect(engine.released).toEqual([1]);
    expect(context.calls.size).toBe(0);
    expect(events.slice(-2)).toEqual(['dialed false', 'over']);
    const sent = engine.datagrams.length;
    await runtime.advance(60_000);
    expect(engine.datagrams.length).toBe(sent);
  });

  test('that the peer forestalls by its own is counted there', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const dial = dialTo('192.0.2.1');
    const waiting = dial.wait(new AbortController().signal);
    await settle();
    dial.succeed();
    await waiting;
    expect(events.filter((event) => event.startsWith('dialed'))).toEqual([]);
  });

  test('fails at once when no name resolves', async () => {
    const waiting = dialTo('a.example', 'b.example').wait(new AbortController().signal);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OSIER_UNRESOLVED', details: { hosts: ['a.example', 'b.example'] } });
    expect(runtime.pendingTimers).toBe(0);
  });

  test('asks under another index every now and then, and still takes an answer to the one before', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const waiting = dialTo('192.0.2.1').wait(new AbortController().signal);
    await runtime.advance(14_900);
    const last = Buffer.from(engine.datagrams.at(-1)?.bytes ?? '', 'hex');
    expect([...engine.reserved]).toEqual([1]);
    await runtime.advance(6_100);
    expect([...engine.reserved]).toEqual([1, 2]);
    expect(engine.datagrams.at(-1)?.bytes).not.toBe(last.toString('hex'));
    const party = { ...context.party, id: called.id, exchangeKeys: exchangeKeysOf(called) };
    const received = new Responder(party, () => runtime.nowMs).receive(last, 0, true);
    if (received.status !== 'call') throw new Error(received.status);
    const { datagram } = received.call.accept({ localIndex: 9, token: new Uint8Array(8), firstPacketNumber: 0n });
    context.calls.get(1)?.onDatagram(engine.pathTo('192.0.2.1'), datagram);
    await waiting;
    expect(events.slice(-3)).toEqual(['session by 192.0.2.1', 'dialed true', 'over']);
    expect(engine.reserved.size).toBe(0);
  });

  test('goes on with the index that it has while no other is left, and does not begin without one', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const dial = dialTo('192.0.2.1');
    const waiting = dial.wait(new AbortController().signal);
    await settle();
    engine.isFull = true;
    expect(() => dialTo('192.0.2.1')).toThrow(expect.objectContaining({ code: 'ERR_OSIER_LIMIT' }));
    await runtime.advance(60_000);
    expect([...engine.reserved]).toEqual([1]);
    expect(engine.datagrams.length).toBeGreaterThan(15);
    dial.succeed();
    await waiting;
    expect(engine.reserved.size).toBe(0);
  });

  test('takes no answer under a network secret that was removed, also when that was so only after the call went on under another', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const waiting = dialTo('192.0.2.1').wait(new AbortController().signal);
    await settle();
    const [first] = context.party.networkSecrets;
    const second = generateNetworkSecret();
    useSecrets(second, first);
    expect([...context.calls.keys()]).toEqual([1, 2]);
    useSecrets(second);
    expect([[...context.calls.keys()], engine.released]).toEqual([[2], [1]]);
    present.succeed();
    await waiting;
  });

  test.each(['removed secret', 'ended state'])('takes no answer to what is true no more, also where no other index is left: %s', async (what) => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    engine.indicesMax = 1;
    const waiting = dialTo('192.0.2.1').wait(new AbortController().signal);
    await settle();
    const change = (): void => (what === 'ended state' ? present.onStateEnded() : useSecrets(generateNetworkSecret()));
    change();
    expect([[...context.calls.keys()], engine.released]).toEqual([[2], [1]]);
    // Somebody else takes the index that is given back.
    engine.isFull = true;
    change();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_OSIER_LIMIT' });
    expect([context.calls.size, engine.reserved.size, engine.released, runtime.pendingTimers]).toEqual([0, 0, [1, 2], 0]);
  });

  test('waits for a slow look-up instead of beginning others, and asks where it leads', async () => {
    const lookUps: (() => void)[] = [];
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const resolve = runtime.resolve.bind(runtime);
    runtime.resolve = async (host) => {
      if (host === 'slow.example') await new Promise<void>((answer) => lookUps.push(answer));
      return resolve(host);
    };
    runtime.names.set('slow.example', ['192.0.2.2']);
    const waiting = dialTo('192.0.2.1', 'slow.example').wait(new AbortController().signal);
    // Four rounds.
    await runtime.advance(61_000);
    expect(lookUps).toHaveLength(1);
    expect(addressees()).not.toContain('192.0.2.2');
    lookUps[0]?.();
    await runtime.advance(250);
    expect(addressees()).toContain('192.0.2.2');
    await runtime.advance(20_000);
    expect(lookUps).toHaveLength(2);
    present.succeed();
    await waiting;
  });

  test('of an hour holds two indices at most', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const waiting = dialTo('192.0.2.1')
      .wait(new AbortController().signal)
      .catch(() => {});
    await runtime.advance(3_600_000);
    expect(engine.reserved.size).toBe(2);
    expect(context.calls.size).toBe(2);
    void waiting;
  });

  test('leaves nothing behind, a thousand times over, however it ends', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    for (let race = 0; race < 1_000; race++) {
      const dial = dialTo('192.0.2.1');
      const waiting = dial.wait(new AbortController().signal).catch(() => {});
      await settle();
      if (race % 2 === 0) dial.onStateEnded();
      if (race % 3 === 0) dial.succeed();
      else dial.fail(peerRestarted());
      await waiting;
    }
    expect(engine.reserved.size).toBe(0);
    expect(context.calls.size).toBe(0);
    expect(runtime.pendingTimers).toBe(0);
  });

  test('resolves its names again, asks where they lead now and no more where they led, and keeps what is not resolved any more', async () => {
    runtime.names.set('moves.example', ['192.0.2.1']);
    runtime.names.set('stays.example', ['192.0.2.2']);
    const waiting = dialTo('moves.example', 'stays.example')
      .wait(new AbortController().signal)
      .catch(() => {});
    await runtime.advance(10_000);
    runtime.names.set('moves.example', ['192.0.2.3']);
    runtime.names.delete('stays.example');
    await runtime.advance(30_000);
    expect(new Set(addressees())).toEqual(new Set(['192.0.2.1', '192.0.2.2', '192.0.2.3']));
    expect(new Set(addressees().slice(-4))).toEqual(new Set(['192.0.2.2', '192.0.2.3']));
    void waiting;
  });

  test('that is ended by who hears of its first attempt asks nobody else', async () => {
    runtime.names.set('many.example', ['192.0.2.1', '192.0.2.2']);
    const dial = dialTo('many.example');
    events.push = (...told): number => {
      if (told[0] === 'attempt 1') dial.fail(peerRestarted());
      return Array.prototype.push.apply(events, told);
    };
    await expect(dial.wait(new AbortController().signal)).rejects.toMatchObject({ code: 'ERR_OSIER_PEER_RESTARTED' });
    await runtime.advance(60_000);
    expect(addressees()).toEqual(['192.0.2.1']);
    expect(runtime.pendingTimers).toBe(0);
  });

  test('passes over answers that are none', async () => {
    runtime.names.set('192.0.2.1', ['192.0.2.1']);
    const faults: string[] = [];
    context = { ...context, onHandshakeFault: (_peer, fault) => faults.push(fault.reason) };
    const dial = dialTo('192.0.2.1');
    const waiting = dial.wait(new AbortController().signal).catch(() => {});
    await settle();
    for (const length of [7, 200]) context.calls.get(1)?.onDatagram(new Uint8Array(48), new Uint8Array(length));
    dial.onHint(1);
    dial.onHint(99);
    expect(faults).toEqual(['malformed', 'malformed']);
    expect(dial.hints).toEqual(['version']);
    expect(runtime.pendingTimers).toBeGreaterThan(0);
    void waiting;
  });
});
