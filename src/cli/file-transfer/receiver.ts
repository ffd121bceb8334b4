/** The receiving end of a file transfer. */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type ByteStream, type HandlerContext, type NodeId, OsierError } from '../../index.js';
import { DIGEST_ALGORITHM, DIGEST_BYTES, type FileOffer, Outcome, parseOffer } from './protocol.js';

/** Where files go. */
export interface ReceiveOptions {
  readonly directory: string;
  /** Whether a file of the same name is replaced. */
  readonly overwrite: boolean;
  /** Called whenever some of the file's content came. */
  readonly onContent?: (() => void) | undefined;
}

/** A file that was verified and stored. */
export interface ReceivedFile {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** BLAKE2b-512 in hex, computed here and equal to the sender's. */
  readonly blake2b: string;
  readonly durationMs: number;
  readonly from: NodeId;
}

/** Why a file was not stored, in words for the receiver's own log; the sender hears only the outcome. */
export class NotStored extends Error {
  override readonly name = 'NotStored';
  readonly outcome: number;

  constructor(outcome: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.outcome = outcome;
  }
}

/**
 * Receives the file that `stream` brings, and tells the sender what became of it. It is written beside its place under another name and moved there
 * when it is whole. Rejects with {@link NotStored}, or with the stream's error.
 */
export async function receiveFile(stream: ByteStream, context: HandlerContext, options: ReceiveOptions): Promise<ReceivedFile> {
  const startMs = performance.now();
  try {
    const offer = parseOffer(context.metadata);
    if (offer === null) throw new NotStored(Outcome.badOffer, `the name or size offered cannot be used: ${JSON.stringify(context.metadata)}`);
    const path = join(options.directory, offer.name);
    if (!options.overwrite) await requireAbsent(path);
    await requireRoom(options.directory, offer.sizeBytes);
    const blake2b = await storeFile(stream, offer, path, options);
    await answer(stream, Outcome.stored);
    return { name: offer.name, path, sizeBytes: offer.sizeBytes, blake2b, durationMs: performance.now() - startMs, from: context.peer.id };
  } catch (error) {
    if (error instanceof NotStored) await answer(stream, error.outcome);
    throw error;
  }
}

/** Tells the sender. One that is gone by then changes nothing about the file. */
async function answer(stream: ByteStream, outcome: number): Promise<void> {
  try {
    await stream.write(Uint8Array.of(outcome));
    await stream.end();
  } catch (error) {
    if (!OsierError.is(error)) throw error;
  }
}

async function requireAbsent(path: string): Promise<void> {
  const existing = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw new NotStored(Outcome.exists, `${path} exists already`, { cause: error });
    return null;
  });
  if (existing === null) return;
  await existing.close();
  throw new NotStored(Outcome.exists, `${path} exists already`);
}

async function requireRoom(directory: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory).catch(cannotWriteTo(directory));
  if (bavail * bsize < sizeBytes) throw new NotStored(Outcome.noSpace, `${directory} has no room for ${sizeBytes} bytes`);
}

function cannotWriteTo(directory: string): (cause: Error) => never {
  return (cause) => {
    throw new NotStored(Outcome.notStored, `cannot write to ${directory}: ${cause.message}`, { cause });
  };
}

/** Writes to a temporary file, compares the digest, and moves the file to `path`. Returns the digest. */
async function storeFile(stream: ByteStream, offer: FileOffer, path: string, options: ReceiveOptions): Promise<string> {
  const partial = join(options.directory, `.${offer.name}.${randomBytes(6).toString('hex')}.part`);
  const file = await open(partial, 'wx', 0o666).catch(cannotWriteTo(options.directory));
  try {
    const blake2b = await copyVerified(stream, file, offer, options.onContent);
    await file.close();
    await moveIntoPlace(partial, path, options.overwrite);
    return blake2b;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  }
}

/** Copies `offer.sizeBytes` from the stream and checks the digest that follows them. */
async function copyVerified(stream: ByteStream, file: FileHandle, offer: FileOffer, onContent?: () => void): Promise<string> {
  const content = new ContentReader(offer.sizeBytes);
  await writeFile(file, contentOf(stream, content, onContent)).catch((cause: NodeJS.ErrnoException) => {
    if (OsierError.is(cause)) throw cause;
    throw new NotStored(cause.code === 'ENOSPC' ? Outcome.noSpace : Outcome.notStored, `writing failed: ${cause.message}`, { cause });
  });
  return content.finish(offer.name);
}

async function* contentOf(stream: ByteStream, content: ContentReader, onContent?: () => void): AsyncGenerator<Uint8Array> {
  for await (const batch of stream) {
    onContent?.();
    yield* content.take(batch);
  }
}

/** Claims the name before it replaces it, so that two transfers of one name never overwrite one another. */
async function moveIntoPlace(partial: string, path: string, overwrite: boolean): Promise<void> {
  if (!overwrite) {
    const claim = await open(path, 'wx').catch((cause: Error) => {
      throw new NotStored(Outcome.exists, `${path} exists already`, { cause });
    });
    await claim.close();
  }
  await rename(partial, path).catch((cause: Error) => {
    throw new NotStored(Outcome.notStored, `cannot move the file to ${path}: ${cause.message}`, { cause });
  });
}

/** Splits what arrives into content, which it hashes, and the digest after it. */
class ContentReader {
  private readonly hash: Hash = createHash(DIGEST_ALGORITHM);
  private readonly digest = Buffer.alloc(DIGEST_BYTES);
  private remaining: number;
  private digestLength = 0;
  private excess = false;

  constructor(sizeBytes: number) {
    this.remaining = sizeBytes;
  }

  /** The part of `batch` that is content. */
  take(batch: readonly Uint8Array[]): Uint8Array[] {
    return batch.flatMap((chunk) => {
      const content = chunk.subarray(0, this.remaining);
      this.remaining -= content.length;
      this.hash.update(content);
      const rest = chunk.subarray(content.length);
      if (rest.length > 0) this.takeDigest(rest);
      return content.length > 0 ? [content] : [];
    });
  }

  private takeDigest(bytes: Uint8Array): void {
    const fitting = bytes.subarray(0, DIGEST_BYTES - this.digestLength);
    this.digest.set(fitting, this.digestLength);
    this.digestLength += fitting.length;
    this.excess ||= fitting.length < bytes.length;
  }

  /** The digest in hex, when all is there and it is the right one. */
  finish(name: string): string {
    const computed = this.hash.digest();
    const isWhole = this.remaining === 0 && this.digestLength === DIGEST_BYTES && !this.excess;
    if (!isWhole) throw new NotStored(Outcome.damaged, `${name} did not have the length that was announced`);
    if (!computed.equals(this.digest)) throw new NotStored(Outcome.damaged, `${name} arrived with a wrong BLAKE2b hash`);
    return computed.toString('hex');
  }
}
