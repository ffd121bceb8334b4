/** Why associations, and with them streams, end. */
import { ClosedBy } from '../engine/events.js';
import { type CloseCode, type OsierError, osierError } from '../errors/index.js';
import type { NodeId, Statement } from '../identity/index.js';

/** Close codes in the order of their numbers on the wire. */
const CLOSE_CODES: readonly CloseCode[] = ['normal', 'shutdown', 'restart', 'idle', 'refused', 'protocol', 'revoked', 'limit', 'application'];

/** What the peer hears of a close: `closeCode` as {@link closeNumber} gives it, and the words in UTF-8. */
export interface CloseNotice {
  readonly closeCode: number;
  readonly reason: Uint8Array;
}

/** The number of a close code on the wire. */
export function closeNumber(code: CloseCode): number {
  return CLOSE_CODES.indexOf(code);
}

/** One end closed the connection. */
export function peerClosed(by: 'local' | 'remote', closeCode: CloseCode, reason: string): OsierError {
  const who = by === 'local' ? 'This end' : 'The peer';
  const why = reason === '' ? '' : `: ${reason}`;
  return osierError('ERR_OSIER_PEER_CLOSED', `${who} closed the connection (${closeCode})${why}`, { by, closeCode, reason });
}

/** The peer's process is another than before. */
export function peerRestarted(): OsierError {
  const message = "The peer's process started anew: what it had received is lost. Open the stream again.";
  return osierError('ERR_OSIER_PEER_RESTARTED', message, {});
}

/** A peer that was replaced by another instance is back. */
export function duplicateIdentity(id: NodeId): OsierError {
  const message = `Two running nodes share the identity ${id} and take turns: stop one, or give it a key file of its own.`;
  return osierError('ERR_OSIER_DUPLICATE_IDENTITY', message, { id });
}

/** The owner of an id has ended it. */
export function revoked({ id, successor }: Statement): OsierError {
  const next = successor === null ? 'ask its operator for another one' : `connect to ${successor}, which has taken over`;
  return osierError('ERR_OSIER_REVOKED', `The id ${id} was revoked by its owner: ${next}.`, { id, successor });
}

/** Nothing came back for too long. */
export function peerLost(silentMs: number): OsierError {
  return osierError('ERR_OSIER_PEER_LOST', `Nothing came back from the peer for ${silentMs} ms.`, { silentMs });
}

/** This end ended the node, or `failure` did. */
export function nodeClosed(failure: OsierError | null): OsierError {
  if (failure === null) return osierError('ERR_OSIER_NODE_CLOSED', 'The node is closed.', {});
  return osierError('ERR_OSIER_NODE_CLOSED', `The node has failed and is closed: ${failure.message}`, {}, { cause: failure });
}

/** The words of an `associationClosed` record ({@link ClosedBy}). */
export function associationClosed(cause: number, closeCode: number, silentMs: number, reason: Uint8Array): OsierError {
  switch (cause) {
    case ClosedBy.idle:
      return peerClosed('local', 'idle', '');
    case ClosedBy.peerLost:
      return peerLost(silentMs);
    case ClosedBy.protocol:
      return peerClosed('local', 'protocol', new TextDecoder().decode(reason));
    default:
      return peerClosed('remote', CLOSE_CODES[closeCode] ?? 'normal', new TextDecoder().decode(reason));
  }
}
