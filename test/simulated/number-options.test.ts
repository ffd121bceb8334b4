/** Every time, size and count that the public API takes: what is no such number is refused by its name, and the largest ones mean what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemRuntime } from '../../src/engine/system-runtime.js';
import type { DatagramStream, MeshNode, MessageStream, Peer } from '../../src/index.js';
import type { SimHost, SimNetwork } from '../../src/testing/index.js';
import { connectTwo, echoed, simulate } from './support/programs.js';

const SICK = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, -Number.MIN_VALUE, 1e300, Number.MAX_VALUE, '1', null, {}, 5n];
const TEN_YEARS_MS = 315_360_000_000;
const LIFETIME_MAX_MS = 2 ** 32 - 1;

interface Stage {
  readonly network: SimNetwork;
  readonly hosts: readonly [SimHost, SimHost];
  readonly server: MeshNode;
  readonly client: MeshNode;
  readonly peer: Peer;
  readonly messages: MessageStream;
  readonly datagrams: DatagramStream;
}

/** What is done with a value that may be none. */
type Use = (stage: Stage, value: never) => unknown;

let named = 0;
/** A name that nothing has yet. */
const anew = (): string => `another ${named++}`;

const start =
  (option: string): Use =>
  ({ network }, value) =>
    network.host(anew()).start({ [option]: value });
const limit =
  (name: string): Use =>
  ({ network }, value) =>
    network.host(anew()).start({ limits: { [name]: value } });
const relay =
  (name: string): Use =>
  ({ network }, value) =>
    network.host(anew()).start({ relay: { [name]: value } });
const fault =
  (name: string): Use =>
  ({ network, hosts }, value) =>
    network.setLink(...hosts, { [name]: value });

/** Each declaration of the API that takes a number, and every call that it is a part of. */
const USES: Readonly<Record<string, readonly Use[]>> = {
  'MeshNodeOptions.keepAliveMs': [start('keepAliveMs')],
  'MeshNodeOptions.idleTimeoutMs': [start('idleTimeoutMs')],
  'MeshNodeOptions.peerLostAfterMs': [start('peerLostAfterMs')],
  'MeshNodeOptions.shards': [start('shards')],
  'LimitOptions.memoryBytes': [limit('memoryBytes')],
  'LimitOptions.peers': [limit('peers')],
  'LimitOptions.streamsPerPeer': [limit('streamsPerPeer')],
  'LimitOptions.streamWindowBytes': [limit('streamWindowBytes')],
  'LimitOptions.messageBytes': [limit('messageBytes')],
  'RelayOptions.maxBytesPerSecond': [relay('maxBytesPerSecond')],
  'RelayOptions.queueBytes': [relay('queueBytes')],
  'TimedWaitOptions.timeoutMs': [
    ({ server, client }, timeoutMs) => client.connect(server.address, { timeoutMs }),
    ({ peer }, timeoutMs) => peer.openStream('echo', { timeoutMs }),
    ({ peer }, timeoutMs) => peer.ping({ timeoutMs }),
  ],
  'CloseOptions.timeoutMs': [
    ({ client }, timeoutMs) => client.close({ timeoutMs }),
    ({ peer }, timeoutMs) => peer.close({ timeoutMs }),
    ({ client }, timeoutMs) => client.handle(anew(), () => {}).close({ timeoutMs }),
  ],
  'Clock.durationMs': [({ network }, durationMs) => network.clock.sleep(durationMs), (_stage, durationMs) => systemRuntime.clock.sleep(durationMs)],
  'OpenOptions.priority': [({ peer }, priority) => peer.openStream('echo', { priority })],
  'HandleOptions.priority': [({ client }, priority) => client.handle(anew(), { kind: 'bytes', priority }, () => {})],
  'HandleOptions.maxConcurrent': [({ client }, maxConcurrent) => client.handle(anew(), { kind: 'bytes', maxConcurrent }, () => {})],
  'MessageOptions.lifetimeMs': [
    ({ peer }, lifetimeMs) => peer.openStream('messages', { kind: 'messages', lifetimeMs }),
    ({ client }, lifetimeMs) => client.handle(anew(), { kind: 'messages', lifetimeMs }, () => {}),
  ],
  'SendOptions.lifetimeMs': [
    ({ messages }, lifetimeMs) => messages.send(new Uint8Array(1), { lifetimeMs }),
    ({ messages }, lifetimeMs) => messages.deliver(new Uint8Array(1), { lifetimeMs }),
  ],
  'StreamBase.applicationCode': [
    ({ messages }, code) => messages.stop(code),
    ({ messages }, code) => messages.reset(code),
    ({ datagrams }, code) => datagrams.stop(code),
    ({ datagrams }, code) => datagrams.reset(code),
  ],
  'SimLink.delayMs': [fault('delayMs')],
  'SimLink.jitterMs': [fault('jitterMs')],
  'SimLink.lossRate': [fault('lossRate')],
  'SimLink.duplicateRate': [fault('duplicateRate')],
  'SimLink.reorderRate': [fault('reorderRate')],
  'SimLink.corruptRate': [fault('corruptRate')],
  'SimLink.bytesPerSecond': [fault('bytesPerSecond')],
  'SimLink.mtuBytes': [fault('mtuBytes')],
  'SimHost.durationMs': [({ hosts }, durationMs) => hosts[0].freeze(durationMs)],
};

/** Faults without a bound may be large, and those of a link are not bounded at all. */
const UNBOUNDED = new Set(['SimLink.bytesPerSecond', 'SimLink.mtuBytes']);

/** `Interface.name` of every number that a caller gives, as the sources declare them. */
function declared(): Set<string> {
  const folder = new URL('../../src/', import.meta.url);
  const files = [...readdirSync(new URL('api/', folder)).map((name) => `api/${name}`), 'testing/options.ts', 'testing/sim-host.ts'];
  const found = files.flatMap((file) => {
    let owner = '';
    return readFileSync(new URL(file, folder), 'utf8')
      .split('\n')
      .flatMap((line) => {
        owner = /^export (?:interface|type) (\w+)/.exec(line)?.[1] ?? owner;
        // A line of a member, of a type that callers see: not of a function or class of the file.
        if (!/^ {2}[\w[]/.test(line) || /\breadonly\b/.test(line)) return [];
        const members = [/^ {2}(\w+)\?: (?:number|Priority)\b/, /^ {2}\w+\(.*?\b(\w+)\??: number\b.*;$/].map((form) => form.exec(line)?.[1]);
        return members.flatMap((member) => (member === undefined ? [] : [`${owner}.${member}`]));
      });
  });
  return new Set(found);
}

async function stageOf(network: SimNetwork): Promise<Stage> {
  const { server, client, peer, hosts } = await connectTwo(network);
  for (const kind of ['messages', 'datagrams'] as const) server.handle(kind, { kind }, async (stream) => void (await stream.closed));
  const messages = await peer.openStream('messages', { kind: 'messages' });
  const datagrams = await peer.openStream('datagrams', { kind: 'datagrams' });
  return { network, hosts, server, client, peer, messages, datagrams };
}

test('every number that a caller gives is in the table above', () => {
  expect([...declared()].sort()).toEqual(Object.keys(USES).sort());
});

describe('what is no such number is refused by its name, and nothing happens', () => {
  test.each(Object.entries(USES))('%s', async (declaration, uses) => {
    const network = simulate();
    const sick = UNBOUNDED.has(declaration) ? SICK.filter((value) => !(typeof value === 'number' && value > 1)) : SICK;
    await network.run(async () => {
      const stage = await stageOf(network);
      for (const [at, use] of uses.entries()) {
        for (const value of sick) {
          const failure: unknown = await Promise.resolve()
            .then(() => use(stage, value as never))
            .then(
              () => 'accepted',
              (error: unknown) => error,
            );
          const option = expect.stringMatching(new RegExp(`(^|\\.)${declaration.split('.')[1]}$`));
          expect(failure, `use ${at}: ${String(value)}`).toMatchObject({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });
        }
      }
      expect(await stage.messages.deliver(Uint8Array.of(1))).toEqual({ status: 'delivered' });
      expect(await echoed(stage.peer, Uint8Array.of(1, 2, 3))).toHaveLength(3);
    });
  });
});

describe('the longest times and largest sizes mean what they say', () => {
  test('of a node, its peers, streams and messages', async () => {
    const network = simulate();
    await network.run(async () => {
      const most = { idleTimeoutMs: TEN_YEARS_MS, keepAliveMs: TEN_YEARS_MS, peerLostAfterMs: TEN_YEARS_MS };
      const limits = { memoryBytes: 2 ** 40, peers: 60_000, streamsPerPeer: 30_000, streamWindowBytes: 2 ** 30, messageBytes: 2 ** 30 - 1 };
      const [server, client] = [await network.host('server').start({ ...most, limits }), await network.host('client').start({ ...most, limits })];
      server.handle('messages', { kind: 'messages' }, async (stream) => void (await stream.closed));
      const peer = await client.connect(server.address, { timeoutMs: TEN_YEARS_MS });
      const stream = await peer.openStream('messages', { kind: 'messages', lifetimeMs: LIFETIME_MAX_MS, timeoutMs: TEN_YEARS_MS });
      expect(await stream.deliver(Uint8Array.of(1))).toEqual({ status: 'delivered' });
      await network.clock.sleep(3_600_000);
      expect(await peer.ping({ timeoutMs: TEN_YEARS_MS })).toBeGreaterThan(0);
      expect(peer.state.status).toBe('connected');
      stream.reset(2 ** 32 - 1);
      expect(await peer.close({ timeoutMs: TEN_YEARS_MS })).toEqual({ status: 'drained' });
    });
  });

  test('a wait for somebody who is not there does not end early', async () => {
    const network = simulate();
    await network.run(async () => {
      const [one, other] = [await network.host('one').start(), network.host('other')];
      const { id } = await other.start();
      const address = one.address.replace(one.id, id);
      let outcome = 'waits';
      one.connect(address, { timeoutMs: TEN_YEARS_MS }).catch(() => {
        outcome = 'gave up';
      });
      await network.clock.sleep(60_000);
      expect(outcome).toBe('waits');
    });
  });

  test('a lifetime of nothing leaves a message one fate, and its reader saw it only if that is delivery', async () => {
    // With some seeds all of them are late, or none is.
    const network = simulate({ seed: 'some of each' });
    await network.run(async () => {
      const { server, peer, hosts } = await connectTwo(network);
      network.setLink(...hosts, { lossRate: 0.3 });
      let seen = 0;
      server.handle('messages', { kind: 'messages' }, async (stream) => {
        for await (const _message of stream) seen++;
      });
      const stream = await peer.openStream('messages', { kind: 'messages', lifetimeMs: 0 });
      const fates = await Promise.all(Array.from({ length: 100 }, () => stream.deliver(new Uint8Array(2_000))));
      await stream.end();
      await network.clock.sleep(1_000);
      expect([0, fates.length]).not.toContain(seen);
      expect(fates.filter(({ status }) => status === 'delivered')).toHaveLength(seen);
      expect(fates.filter(({ status }) => status === 'expired')).toHaveLength(fates.length - seen);
    });
  });
});

describe('a timer of the machine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32, TEN_YEARS_MS])('of %i ms fires then and not before', (delayMs) => {
    let fired = 0;
    systemRuntime.setTimer(delayMs, () => fired++);
    vi.advanceTimersByTime(delayMs - 1);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(1);
    expect(fired).toBe(1);
    const cancelled = systemRuntime.setTimer(delayMs, () => fired++);
    vi.advanceTimersByTime(delayMs - 1);
    cancelled.cancel();
    vi.advanceTimersByTime(delayMs);
    expect(fired).toBe(1);
  });
});
