import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { identityOfSeed, type NodeId } from '../../../../src/identity/index.js';
import { type CacheStorage, cacheFile, PeerCache } from '../../../../src/mesh/discovery/peer-cache.js';
import { ManualRuntime } from '../../support/manual-runtime.js';

const idOf = (number: number): NodeId => identityOfSeed(Uint8Array.from({ length: 32 }, (_, at) => (at < 2 ? number >> (8 * at) : 0))).id;
const HOST = { host: '192.0.2.1', port: 7_400 };
const OTHER = { host: '2001:db8::1', port: 7_401 };

let runtime: ManualRuntime;
let trouble: string[];
beforeEach(() => {
  runtime = new ManualRuntime();
  trouble = [];
});

const cacheOf = (storage: CacheStorage): PeerCache =>
  new PeerCache({ runtime, onTrouble: (message, cause) => trouble.push(`${message} ${cause}`) }, storage);

/** Keeps the text in memory. */
class Memory implements CacheStorage {
  text: string | null = null;
  writes = 0;

  async read(): Promise<string | null> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.writes++;
    this.text = text;
  }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'osier-cache-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('what was noted is there at the next start, the one heard of last first', async () => {
  const path = join(folder(), 'peers');
  const cache = cacheOf(cacheFile(path));
  expect(await cache.load()).toEqual([]);
  cache.note(idOf(1), [HOST]);
  cache.note(idOf(2), [OTHER, HOST]);
  cache.note(idOf(1), [OTHER]);
  await cache.flush();
  const peers = await cacheOf(cacheFile(pathToFileURL(path))).load();
  expect(peers).toEqual([
    { id: idOf(1), hosts: [OTHER] },
    { id: idOf(2), hosts: [OTHER, HOST] },
  ]);
  expect(trouble).toEqual([]);
});

test('the file is replaced as a whole, by one that only its owner reads, and nothing else is left beside it', async () => {
  const path = folder();
  const cache = cacheOf(cacheFile(join(path, 'peers')));
  for (const number of [1, 2]) {
    cache.note(idOf(number), [HOST]);
    await cache.flush();
  }
  expect(readdirSync(path)).toEqual(['peers']);
  expect(statSync(join(path, 'peers')).mode & 0o077).toBe(0);
  expect(readFileSync(join(path, 'peers'), 'utf8').split('\n')).toHaveLength(3);
});

test('a write that fails leaves the file as it was, is told once, and is tried again with the next note', async () => {
  const storage = new Memory();
  storage.text = 'before';
  const fails = { ...storage, read: async () => storage.text, write: () => Promise.reject(new Error('no space')) };
  const cache = cacheOf(fails);
  for (const number of [1, 2]) {
    cache.note(idOf(number), [HOST]);
    await cache.flush();
  }
  expect(trouble).toEqual(['The file of last-known peers cannot be written. Error: no space']);
  const path = folder();
  const lost = cacheOf(cacheFile(join(path, 'missing', 'peers')));
  lost.note(idOf(1), [HOST]);
  await lost.flush();
  expect([trouble.length, readdirSync(path)]).toEqual([2, []]);
});

test('it is written five seconds after a note, however many there are, and not when nothing was noted', async () => {
  const storage = new Memory();
  const cache = cacheOf(storage);
  await cache.flush();
  for (let number = 0; number < 40; number++) {
    cache.note(idOf(number), [HOST]);
    await runtime.advance(100);
  }
  expect(storage.writes).toBe(0);
  await runtime.advance(1_000);
  expect(storage.writes).toBe(1);
  await runtime.advance(60_000);
  expect(storage.writes).toBe(1);
  expect(runtime.pendingTimers).toBe(0);
});

test('it has 256 peers of 8 hosts at most: those that were not heard of for longest are left out', async () => {
  const storage = new Memory();
  const cache = cacheOf(storage);
  const hosts = Array.from({ length: 20 }, (_, at) => ({ host: '192.0.2.1', port: at + 1 }));
  for (let number = 0; number < 300; number++) cache.note(idOf(number), hosts);
  await cache.flush();
  const peers = await cacheOf(storage).load();
  expect([peers.length, peers[0]?.id, peers.at(-1)?.id, peers[0]?.hosts.length]).toEqual([256, idOf(299), idOf(44), 8]);
});

test('a peer without hosts is forgotten', async () => {
  const storage = new Memory();
  const cache = cacheOf(storage);
  cache.note(idOf(1), [HOST]);
  cache.note(idOf(1), []);
  cache.note(idOf(2), []);
  await cache.flush();
  expect(storage.text).toBe('');
});

describe('a bad file', () => {
  const address = `osier://${idOf(1)}@192.0.2.1:7400\n`;
  test.each([
    ['of another kind', `{"peers": []}\n`],
    ['with one bad line', `${address}osier://192.0.2.1:7400\n`],
    ['cut in the middle', address.slice(0, 60)],
    ['with more peers than there may be', address.repeat(257)],
    ['larger than there may be', ' '.repeat(1_048_577), 'at most 1048576 bytes'],
    ['of no text', Buffer.from([0xff, 0xfe, 0, 0x80])],
  ])('is a warning, and no failure: %s', async (_, content, problem = '') => {
    const path = join(folder(), 'peers');
    writeFileSync(path, content);
    const cache = cacheOf(cacheFile(path));
    expect(await cache.load()).toEqual([]);
    expect(trouble).toEqual([expect.stringContaining(problem)]);
    cache.note(idOf(1), [HOST]);
    await cache.flush();
    expect(readFileSync(path, 'utf8')).toBe(address);
  });

  test('is a warning also when it is a folder, and what was noted before it was read stays', async () => {
    const cache = cacheOf(cacheFile(folder()));
    cache.note(idOf(1), [HOST]);
    expect(await cache.load()).toEqual([]);
    expect(trouble).toHaveLength(1);
    const storage = new Memory();
    storage.text = address;
    const other = cacheOf(storage);
    other.note(idOf(2), [HOST]);
    expect(await other.load()).toEqual([{ id: idOf(1), hosts: [HOST] }]);
    await other.flush();
    expect(storage.text).toBe(`${address}osier://${idOf(2)}@192.0.2.1:7400\n`);
  });
});
