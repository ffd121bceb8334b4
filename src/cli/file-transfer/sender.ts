/** The sending end of a file transfer. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type ByteStream, OsierError, type Peer } from '../../index.js';
import { CommandError, cannotOpen, ExitCode } from '../exit-codes.js';
import { DIGEST_ALGORITHM, FILE_PROTOCOL, isSafeName, offerMetadata, outcomeError } from './protocol.js';

/** Read ahead of the network by one of these. */
const CHUNK_BYTES = 256 * 1024;

/** How often progress is told. */
const PROGRESS_INTERVAL_MS = 100;

/** What {@link sendFile} may be told. */
export interface SendFileOptions {
  /** The name to offer. Default: that of the file. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called about ten times a second with what the peer has acknowledged. */
  readonly onProgress?: ((acknowledgedBytes: number, sizeBytes: number) => void) | undefined;
  /** Default: as fast as the peer takes it. */
  readonly pace?: Pace | undefined;
}

/** A slower pace. */
export interface Pace {
  readonly chunkBytes: number;
  /** The chunk at `offset` of the file is sent when this resolves. */
  beforeChunk(offset: number): Promise<void>;
}

/** A file that the receiver has stored after comparing its hash. */
export interface SentFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** BLAKE2b-512 in hex. */
  readonly blake2b: string;
  /** From opening the stream to the receiver's word that the file is stored. */
  readonly durationMs: number;
}

/** Sends the file at `path` and resolves when the peer has verified and stored it. */
export async function sendFile(peer: Peer, path: string, options: SendFileOptions = {}): Promise<SentFile> {
  const name = options.name ?? basename(path);
  if (!isSafeName(name)) {
    throw new CommandError('ERR_CLI_BAD_NAME', ExitCode.usage, `receivers take no file named ${JSON.stringify(name)}; choose another with --name.`);
  }
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw cannotOpen(path, cause);
  });
  try {
    return await sendOpenFile(peer, file, path, name, options);
  } finally {
    await file.close();
  }
}

async function sendOpenFile(peer: Peer, file: FileHandle, path: string, name: string, options: SendFileOptions): Promise<SentFile> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new CommandError('ERR_CLI_NOT_A_FILE', ExitCode.local, `${path} is not a regular file; pack a folder with tar first.`);

  const startMs = performance.now();
  const { signal } = options;
  await using stream = await peer.openStream(FILE_PROTOCOL, { metadata: offerMetadata({ name, sizeBytes: stat.size }), signal });
  const progress = setInterval(() => options.onProgress?.(Number(stream.stats().bytesAcknowledged), stat.size), PROGRESS_INTERVAL_MS);
  try {
    const blake2b = await sendContent(stream, { file, sizeBytes: stat.size, path }, options);
    const error = outcomeError(await readOutcome(stream, signal), name);
    if (error !== null) throw error;
    return { name, sizeBytes: stat.size, blake2b, durationMs: performance.now() - startMs };
  } finally {
    clearInterval(progress);
  }
}

/** The first `sizeBytes` of an open file. */
interface Source {
  readonly file: FileHandle;
  readonly sizeBytes: number;
  readonly path: string;
}

/** Sends the content and its digest; returns the digest. A receiver that stops reading has its reasons: they come as the outcome. */
async function sendContent(stream: ByteStream, source: Source, { signal, pace }: SendFileOptions): Promise<string> {
  const hash = createHash(DIGEST_ALGORITHM);
  let offset = 0;
  try {
    for await (const chunk of chunksOf(source, pace?.chunkBytes ?? CHUNK_BYTES)) {
      await pace?.beforeChunk(offset);
      hash.update(chunk);
      await stream.write(chunk, { signal });
      offset += chunk.length;
    }
    const digest = hash.digest();
    await stream.write(digest, { signal });
    await stream.end({ signal });
    return digest.toString('hex');
  } catch (error) {
    if (OsierError.is(error, 'ERR_OSIER_STREAM_STOPPED')) return '';
    throw error;
  }
}

/** The next chunk is read while the one before is sent. */
async function* chunksOf({ file, sizeBytes, path }: Source, chunkBytes: number): AsyncGenerator<Uint8Array> {
  let offset = 0;
  const readNext = async () => {
    const chunk = new Uint8Array(Math.min(chunkBytes, sizeBytes - offset));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
    offset += bytesRead;
    return chunk.subarray(0, bytesRead);
  };
  let next = readNext();
  while (true) {
    const chunk = await next;
    if (chunk.length === 0) break;
    next = readNext();
    next.catch(() => {});
    yield chunk;
  }
  if (offset < sizeBytes) throw new CommandError('ERR_CLI_FILE_CHANGED', ExitCode.local, `${path} became shorter while it was sent; send it again.`);
}

/** Reads to the end, so that the receiver's last word is acknowledged before this node closes. */
async function readOutcome(stream: ByteStream, signal?: AbortSignal): Promise<number> {
  const answer = new Uint8Array(1);
  let outcome = -1;
  while ((await stream.read(answer, { signal })) > 0) outcome = answer[0] ?? -1;
  return outcome;
}
