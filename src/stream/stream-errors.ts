/** Every error that ends a stream, or one direction of it. */
import { type OsierError, osierError } from '../errors/index.js';
import { kindOf } from './stream-kinds.js';

/** Why a stream was reset, as the wire says it. */
export const ResetReason = { application: 0, noHandler: 1, kindMismatch: 2, limit: 3, policy: 4, shutdown: 5, tooLarge: 6 } as const;

/** A write after the end of this side. */
export function streamEnded(): OsierError {
  return osierError('ERR_OSIER_STREAM_ENDED', 'The stream was ended by end(): write before it, or open another stream.', {});
}

/** A message that is never accepted. */
export function tooLarge(sizeBytes: number, maxBytes: number): OsierError {
  const message = `A message of ${sizeBytes} bytes is larger than the ${maxBytes} that are allowed: split it, or raise limits.messageBytes at both ends.`;
  return osierError('ERR_OSIER_TOO_LARGE', message, { sizeBytes, maxBytes });
}

/** Both directions are over, and what became of a message was not told. */
export function fateUntold(): OsierError {
  return osierError('ERR_OSIER_STREAM_ENDED', 'The stream ended before the peer said what became of the message.', {});
}

/** This end gave the stream up. */
export function resetHere(applicationCode: number): OsierError {
  const message = `The stream was reset at this end with code ${applicationCode}.`;
  return osierError('ERR_OSIER_STREAM_RESET', message, { by: 'local', applicationCode });
}

/** The peer reads no more. */
export function stoppedByPeer(applicationCode: number): OsierError {
  const message = `The peer stopped reading this stream, with code ${applicationCode}: what was not read is lost.`;
  return osierError('ERR_OSIER_STREAM_STOPPED', message, { applicationCode });
}

/** The peer gave the stream up, or never took it; `reason` and `code` as on the wire. `sizeBytes`: of the message, where one was too large. */
export function resetByPeer(protocol: string, reason: number, code: number, sizeBytes: number): OsierError {
  switch (reason) {
    case ResetReason.noHandler:
      return osierError('ERR_OSIER_NO_HANDLER', `The peer has no handler for '${protocol}': register one there with handle().`, { protocol });
    case ResetReason.kindMismatch: {
      const expected = kindOf(code) ?? 'bytes';
      const message = `The peer serves '${protocol}' with streams of kind '${expected}': open one of that kind.`;
      return osierError('ERR_OSIER_KIND_MISMATCH', message, { protocol, expected });
    }
    case ResetReason.limit:
      return osierError('ERR_OSIER_REFUSED', `A limit of the peer ended the stream '${protocol}': it serves no more of them now.`, { why: 'limit' });
    case ResetReason.policy:
      return osierError('ERR_OSIER_REFUSED', `The peer does not take '${protocol}' streams from this node.`, { why: 'policy' });
    case ResetReason.shutdown:
      return osierError('ERR_OSIER_REFUSED', `The peer is shutting down and takes no '${protocol}' streams: try another, or later.`, {
        why: 'shutdown',
      });
    case ResetReason.tooLarge:
      return tooLarge(sizeBytes, code);
    default: {
      const message = `The peer reset the stream '${protocol}' with code ${code}.`;
      return osierError('ERR_OSIER_STREAM_RESET', message, { by: 'remote', applicationCode: code });
    }
  }
}
