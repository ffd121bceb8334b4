/** What a receiver of the demo stored. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CommandError, ExitCode } from '../exit-codes.js';
import { DIGEST_ALGORITHM } from '../file-transfer/protocol.js';

/** Throws unless the file at `path` has each of these hashes, BLAKE2b-512 in hex. */
export async function verifyStored(path: string, hashes: readonly string[]): Promise<void> {
  const hash = createHash(DIGEST_ALGORITHM);
  await pipeline(createReadStream(path), hash);
  const stored = hash.digest('hex');
  if (hashes.every((each) => each === stored)) return;
  throw new CommandError('ERR_CLI_DAMAGED', ExitCode.interrupted, 'the file that arrived is not the file that was sent; please report this.');
}
