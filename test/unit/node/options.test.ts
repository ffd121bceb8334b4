import { describe, expect, test } from 'vitest';
import { identityOfSeed } from '../../../src/identity/index.js';
import type { MeshNodeOptions } from '../../../src/index.js';
import { generateIdentity, generateNetworkSecret } from '../../../src/index.js';
import { parseConnect } from '../../../src/node/connecting.js';
import { parseNodeOptions } from '../../../src/node/options.js';
import { parseReload } from '../../../src/node/reload.js';

const required = { identity: await generateIdentity(), network: { secret: generateNetworkSecret() } };
const parse = (options: object): unknown => parseNodeOptions({ ...required, ...options } as MeshNodeOptions);
const named = (option: string): unknown => expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION', details: { option } });

const SICK = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 1e300, Number.MAX_VALUE, '5', null, {}, 5n];

describe('times', () => {
  const times = ['keepAliveMs', 'idleTimeoutMs', 'peerLostAfterMs'] as const;
  test.each(times.flatMap((option) => SICK.map((value) => [option, value] as const)))('%s: %s is refused by name', (option, value) => {
    expect(() => parse({ [option]: value })).toThrow(named(option));
  });

  test('may be fractions, a year long, absent, and 0 where that means never', () => {
    expect(parse({ idleTimeoutMs: 0.5, keepAliveMs: 31_536_000_000, peerLostAfterMs: 1 })).toMatchObject({
      idleTimeoutMs: 0.5,
      keepAliveMs: 31_536_000_000,
    });
    expect(parse({ idleTimeoutMs: undefined })).toMatchObject({ idleTimeoutMs: 600_000, keepAliveMs: 'auto', peerLostAfterMs: 30_000 });
    expect(parse({ idleTimeoutMs: 0, keepAliveMs: 'auto' })).toMatchObject({ idleTimeoutMs: 0, keepAliveMs: 'auto' });
    expect(() => parse({ peerLostAfterMs: 0 })).toThrow(named('peerLostAfterMs'));
  });
});

describe('limits', () => {
  const limits = ['memoryBytes', 'peers', 'streamsPerPeer', 'streamWindowBytes', 'messageBytes'] as const;
  test.each(limits.flatMap((limit) => [...SICK, 0, 1.5, 2 ** 53].map((value) => [limit, value] as const)))(
    '%s: %s is refused by name',
    (limit, value) => {
      expect(() => parse({ limits: { [limit]: value } })).toThrow(named(`limits.${limit}`));
    },
  );

  test('have the defaults that the types promise', () => {
    const limits = { memoryBytes: 536_870_912, peers: 10_000, streamsPerPeer: 1_024, streamWindowBytes: 16_777_216, messageBytes: 16_777_216 };
    expect(parse({})).toMatchObject({ limits });
    expect(() => parse({ limits: null })).toThrow(named('limits'));
  });
});

test('messages that a node could never hold are refused, for each shard', () => {
  const parsed = (limits: object, shards = 0): unknown => parse({ limits, shards });
  const refused = named('limits.messageBytes');
  const messageBytes = 64 * 2 ** 20;
  expect(parsed({ messageBytes, memoryBytes: 2.5 * messageBytes })).toMatchObject({ limits: { messageBytes } });
  expect(() => parsed({ messageBytes, memoryBytes: 2.5 * messageBytes - 1 })).toThrow(refused);
  expect(() => parsed({ messageBytes: 2 ** 30 - 1 })).toThrow(refused);
  expect(() => parsed({ messageBytes }, 4)).toThrow(refused);
  expect(parsed({ memoryBytes: 2 ** 20 })).toMatchObject({ limits: { messageBytes: 16 * 2 ** 20 } });
});

describe('what must be there', () => {
  test.each([undefined, null, 7, {}, { id: 'x' }])('an identity of %o is refused by name', (identity) => {
    expect(() => parse({ identity })).toThrow(named('identity'));
  });

  test.each([
    [undefined, 'network'],
    [null, 'network'],
    [{}, 'network.secret'],
    [{ secret: 'a passphrase' }, 'network.secret'],
    [{ secret: new Uint8Array(31) }, 'network.secret'],
    [{ secret: [] }, 'network.secret'],
    [{ secret: [generateNetworkSecret(), generateNetworkSecret(), generateNetworkSecret()] }, 'network.secret'],
    [{ passphrase: '' }, 'network.passphrase'],
    [{ passphrase: 'x', secret: generateNetworkSecret() }, 'network'],
  ])('a network of %o is refused as %s', (network, option) => {
    expect(() => parse({ network })).toThrow(named(option));
  });

  test('no options at all are refused', () => {
    expect(() => parseNodeOptions(undefined as unknown as MeshNodeOptions)).toThrow(named('options'));
  });
});

describe('addresses', () => {
  test.each([
    '127.0.0.1:7400',
    'udp://127.0.0.1',
    'udp://[::1]',
    'udp://127.0.0.1:65536',
    'udp://::1:7400',
    'tcp://127.0.0.1:1',
    'udp://[1.2.3.4]:1',
    '',
  ])('listening on %o is a bad address', (listen) => {
    expect(() => parse({ listen })).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_ADDRESS', details: { input: listen } }));
  });

  test('one or several, of either family', () => {
    expect(parse({ listen: ['udp://0.0.0.0:7400', 'udp://[::1]:0', 'udp://localhost:1'] })).toMatchObject({
      listen: [
        { host: '0.0.0.0', port: 7_400 },
        { host: '::1', port: 0 },
        { host: 'localhost', port: 1 },
      ],
    });
    expect(() => parse({ listen: [] })).toThrow(named('listen'));
    expect(() => parse({ listen: 7 })).toThrow(named('listen'));
  });

  test('peers are named by their id, or by their address alone', () => {
    expect(parse({ peers: ['osier://127.0.0.1:7400'] })).toHaveProperty('peers', [{ id: null, hosts: [{ host: '127.0.0.1', port: 7400 }] }]);
    expect(() => parse({ peers: ['127.0.0.1:7400'] })).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_ADDRESS' }));
    expect(() => parse({ peers: 'osier://127.0.0.1:7400' })).toThrow(named('peers'));
    expect(() => parse({ advertise: ['example.net'] })).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_ADDRESS' }));
  });
});

test.each([
  ['cipher', 'rot13'],
  ['congestion', 'reno'],
  ['congestion', 1],
  ['congestion', null],
  ['accept', true],
  ['logger', console.log],
  ['logger', {}],
])('option %s: %o is refused by name', (option, value) => {
  expect(() => parse({ [option]: value })).toThrow(named(option));
});

describe('the part in the mesh', () => {
  test('is none unless it is asked for', () => {
    expect(parse({})).toMatchObject({ relay: null, liveness: 'wan', cacheFile: null });
    expect(parse({ relay: undefined, liveness: 'wan', discovery: {} })).toEqual(parse({}));
  });

  test('of a relay has the defaults that the types promise', () => {
    expect(parse({ relay: {} })).toMatchObject({ relay: { maxBytesPerSecond: 0, queueBytes: 4_194_304 } });
    const relay = { maxBytesPerSecond: 1_000_000, queueBytes: 100_000 };
    expect(parse({ relay })).toMatchObject({ relay });
  });

  test.each([...SICK, 0, 1.5].flatMap((value) => (['maxBytesPerSecond', 'queueBytes'] as const).map((name) => [name, value] as const)))(
    'relay.%s: %s is refused by name',
    (name, value) => {
      expect(() => parse({ relay: { [name]: value } })).toThrow(named(`relay.${name}`));
    },
  );

  test.each([
    [{ relay: true }, 'relay'],
    [{ liveness: 'fast' }, 'liveness'],
    [{ discovery: { cacheFile: '' } }, 'discovery.cacheFile'],
    [{ discovery: { cacheFile: new URL('http://example.net/peers') } }, 'discovery.cacheFile'],
    [{ discovery: { lan: true } }, 'discovery.lan'],
    [{ discovery: { portMapping: true } }, 'discovery.portMapping'],
  ])('%o is refused by name', (options, option) => {
    expect(() => parse(options)).toThrow(named(option));
  });

  test.each([
    [{ relay: {} }, 'relay'],
    [{ liveness: 'lan' }, 'liveness'],
    [{ discovery: { cacheFile: 'peers' } }, 'discovery.cacheFile'],
  ])('%o is there with one shard, and refused by name with more', (options, option) => {
    expect(() => parse({ ...options, shards: 1 })).not.toThrow();
    expect(() => parse({ ...options, shards: 2 })).toThrow(named(option));
    expect(() => parse({ ...options, shards: 2 })).toThrow('not there with 2 shards');
  });
});

describe('the relay to go through', () => {
  const own = identityOfSeed(new Uint8Array(32).fill(1)).id;
  const peer = identityOfSeed(new Uint8Array(32).fill(2)).id;
  const relay = identityOfSeed(new Uint8Array(32).fill(3)).id;

  test('is an id, or an address with one', () => {
    expect(parseConnect(own, peer, { via: relay }).via).toEqual({ id: relay, hosts: [] });
    expect(parseConnect(own, peer, { via: `osier://${relay}@192.0.2.1:9` }).via).toEqual({ id: relay, hosts: [{ host: '192.0.2.1', port: 9 }] });
    expect(parseConnect(own, peer, undefined).via).toBeNull();
  });

  test('is another node than the two ends', () => {
    for (const via of [own, peer, 'osier://192.0.2.1:9', 7]) expect(() => parseConnect(own, peer, { via } as object)).toThrow(named('via'));
    expect(() => parseConnect(own, 'osier://192.0.2.1:9', { via: relay })).toThrow(named('via'));
    expect(() => parseConnect(own, peer, { via: 'x' })).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_ADDRESS' }));
  });
});

describe('the statements of a reload', () => {
  const identity = identityOfSeed(new Uint8Array(32).fill(1));
  const other = identityOfSeed(new Uint8Array(32).fill(2));

  test('may be absent, and none', () => {
    expect(parseReload({ statements: undefined })).toEqual({ network: null, peers: null, statements: [] });
    expect(parseReload({ statements: [] })).toEqual({ network: null, peers: null, statements: [] });
  });

  test('are checked all before any counts, and the first bad one is named', () => {
    const good = identity.revoke();
    expect(parseReload({ statements: [good, identity.succeedBy(other.id)] }).statements).toHaveLength(2);
    const forged = good.slice();
    forged[40] = (forged[40] ?? 0) ^ 1;
    for (const bad of [forged, good.subarray(1), new Uint8Array(0), Uint8Array.from([...good, 0])]) {
      const read = (): unknown => parseReload({ statements: [good, bad, bad] });
      expect(read).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_STATEMENT', details: { index: 1 } }));
    }
  });

  test.each([[{}], ['text'], [['text']], [[null]]])('that are no list of bytes are refused by name: %o', (statements) => {
    expect(() => parseReload({ statements } as object)).toThrow(named('statements'));
  });
});
