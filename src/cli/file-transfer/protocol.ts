/**
 * One file over one `bytes` stream. The opener names the file in the stream's metadata (`name`, `size`), sends `size` bytes, then their BLAKE2b-512,
 * and ends. The other end answers with one byte, an {@link Outcome}, and ends.
 */
import { CommandError, ExitCode } from '../exit-codes.js';

/** The protocol's name. */
export const FILE_PROTOCOL = 'osier/file/1';

/** node:crypto's name of BLAKE2b with 64 bytes of output: what `b2sum` prints. */
export const DIGEST_ALGORITHM = 'blake2b512';

/** Length of the digest that follows the file. */
export const DIGEST_BYTES = 64;

/** What became of the file. */
export const Outcome = { stored: 0, badOffer: 1, exists: 2, noSpace: 3, notStored: 4, damaged: 5 } as const;

/** What the opener says of the file before its first byte. */
export interface FileOffer {
  readonly name: string;
  readonly sizeBytes: number;
}

/** The offer in a stream's metadata, or `null` when it is none that a receiver should follow. */
export function parseOffer(metadata: Readonly<Record<string, string>>): FileOffer | null {
  const { name = '', size = '' } = metadata;
  const sizeBytes = /^\d{1,16}$/.test(size) ? Number(size) : Number.NaN;
  return isSafeName(name) && Number.isSafeInteger(sizeBytes) ? { name, sizeBytes } : null;
}

/** The metadata that says it. */
export function offerMetadata(offer: FileOffer): Record<string, string> {
  return { name: offer.name, size: String(offer.sizeBytes) };
}

/**
 * Whether a file may be stored under `name` because another machine says so: one path component, not hidden, at most 200 bytes (a receiver adds to it
 * while it writes), nothing that a terminal would obey or that would show as other characters.
 */
export function isSafeName(name: string): boolean {
  const length = Buffer.byteLength(name);
  return length >= 1 && length <= 200 && !/^\.|[/\\:]|[\p{C}\p{Zl}\p{Zp}]/u.test(name) && name.trim() === name;
}

/** The error of a sender whose file was not stored; `null` when it was. */
export function outcomeError(outcome: number, name: string): CommandError | null {
  switch (outcome) {
    case Outcome.stored:
      return null;
    case Outcome.badOffer:
      return refused(`the receiver takes no file named ${JSON.stringify(name)}; choose another with --name.`);
    case Outcome.exists:
      return refused(`the receiver has a file named ${JSON.stringify(name)} already; choose another with --name, or let it listen with --overwrite.`);
    case Outcome.noSpace:
      return refused(`the receiver has no room for ${JSON.stringify(name)}.`);
    case Outcome.damaged:
      return new CommandError('ERR_CLI_DAMAGED', ExitCode.interrupted, `${JSON.stringify(name)} arrived damaged and was not stored; send it again.`);
    default:
      return refused(`the receiver could not store ${JSON.stringify(name)}; its own output says why.`);
  }
}

function refused(message: string): CommandError {
  return new CommandError('ERR_CLI_NOT_STORED', ExitCode.refused, message);
}
