import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Outcome, offerMetadata } from '../../../src/cli/file-transfer/protocol.js';
import { NotStored, receiveFile } from '../../../src/cli/file-transfer/receiver.js';
import type { ByteStream, HandlerContext } from '../../../src/index.js';

const content = randomBytes(300_000);
const digest = createHash('blake2b512').update(content).digest();

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'osier-receiver-test-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a whole file is stored under its name, and the sender is told', async () => {
  const { file, outcome } = await receive([[content.subarray(0, 1000), content.subarray(1000)], [digest]]);
  expect(outcome).toBe(Outcome.stored);
  expect(file).toMatchObject({ name: 'a.bin', sizeBytes: content.length, blake2b: digest.toString('hex'), from: 'peer' });
  expect(content.equals(readFileSync(join(directory, 'a.bin')))).toBe(true);
  expect(readdirSync(directory)).toEqual(['a.bin']);
});

test('content and digest may be cut anywhere', async () => {
  const all = Buffer.concat([content, digest]);
  for (const cut of [1, content.length - 1, content.length, content.length + 1, all.length - 1]) {
    const { outcome } = await receive([[all.subarray(0, cut)], [all.subarray(cut)]], { overwrite: true });
    expect(outcome).toBe(Outcome.stored);
  }
});

test.each([
  ['a changed byte', () => [[Buffer.concat([Buffer.from([(content[0] ?? 0) ^ 1]), content.subarray(1), digest])]]],
  ['a changed digest', () => [[content, Buffer.alloc(64)]]],
  ['a missing byte', () => [[content.subarray(1), digest]]],
  ['a missing digest', () => [[content]]],
  ['half a digest', () => [[content, digest.subarray(0, 32)]]],
  ['a byte too many', () => [[content, digest, Buffer.from([0])]]],
  ['nothing at all', () => []],
])('%s is found: nothing is stored, and the sender is told', async (_what, batches) => {
  const { error, outcome } = await receive(batches());
  expect(error).toBeInstanceOf(NotStored);
  expect(outcome).toBe(Outcome.damaged);
  expect(readdirSync(directory)).toEqual([]);
});

test('a stream that fails leaves nothing', async () => {
  const reset = new Error('reset');
  const { error, outcome } = await receive([[content.subarray(0, 9)]], { failure: reset });
  expect([error, outcome]).toEqual([expect.objectContaining({ cause: reset }), Outcome.notStored]);
  expect(readdirSync(directory)).toEqual([]);
});

test('a file of the same name is kept', async () => {
  writeFileSync(join(directory, 'a.bin'), 'old');
  const { outcome } = await receive([[content, digest]]);
  expect(outcome).toBe(Outcome.exists);
  expect(readFileSync(join(directory, 'a.bin'), 'utf8')).toBe('old');
});

test('of two transfers of one name the later is refused', async () => {
  const both = await Promise.all([receive([[content], [digest]]), receive([[content], [digest]])]);
  expect(both.map(({ outcome }) => outcome).sort()).toEqual([Outcome.stored, Outcome.exists]);
  expect(content.equals(readFileSync(join(directory, 'a.bin')))).toBe(true);
});

test('a link is replaced, and never followed', async () => {
  const target = join(directory, 'target');
  writeFileSync(target, 'mine');
  symlinkSync(target, join(directory, 'a.bin'));
  expect((await receive([[content, digest]])).outcome).toBe(Outcome.exists);
  expect((await receive([[content, digest]], { overwrite: true })).outcome).toBe(Outcome.stored);
  expect(readFileSync(target, 'utf8')).toBe('mine');
});

test('a dangling link counts as a file of that name', async () => {
  symlinkSync(join(directory, 'nowhere'), join(directory, 'a.bin'));
  expect((await receive([[content, digest]])).outcome).toBe(Outcome.exists);
  expect(readdirSync(directory)).toEqual(['a.bin']);
});

test('what cannot fit on the disk is refused before it is sent', async () => {
  const { outcome } = await receive([], { sizeBytes: Number.MAX_SAFE_INTEGER });
  expect(outcome).toBe(Outcome.noSpace);
});

test('a folder that is gone is no fault of the sender', async () => {
  rmSync(directory, { recursive: true });
  const { outcome } = await receive([[content, digest]]);
  expect(outcome).toBe(Outcome.notStored);
});

/** Receives from a stream that yields `batches`, and then fails where `failure` is given. */
async function receive(batches: Uint8Array[][], options: { overwrite?: boolean; sizeBytes?: number; failure?: Error } = {}) {
  const { overwrite = false, sizeBytes = content.length, failure } = options;
  const written: Uint8Array[] = [];
  const stream = {
    async *[Symbol.asyncIterator]() {
      yield* batches;
      if (failure) throw failure;
    },
    write: async (bytes: Uint8Array) => void written.push(bytes),
    end: async () => {},
  } as unknown as ByteStream;
  const context = { metadata: offerMetadata({ name: 'a.bin', sizeBytes }), peer: { id: 'peer' } } as unknown as HandlerContext;
  const result = await receiveFile(stream, context, { directory, overwrite }).then(
    (file) => ({ file, error: null }),
    (error: unknown) => ({ file: null, error }),
  );
  return { ...result, outcome: Buffer.concat(written)[0] };
}
