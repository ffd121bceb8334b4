import { type OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';

/** A shard that has not answered this long after it should have is stuck. */
export const STUCK_AFTER_MS = 2_000;

/** A shard did not start. */
export function shardNotStarted(shard: number, cause: unknown): OsierError {
  return osierError('ERR_OSIER_SHARD_FAILED', `Shard ${shard} did not start: ${textOf(cause)}`, { shard }, { cause });
}

/** A shard died; `cause` is `null` where it just ended. */
export function shardDied(shard: number, cause: unknown): OsierError {
  const why = cause === null ? 'its thread ended' : textOf(cause);
  const message = `Shard ${shard} died, and its associations with it; it is started again: ${why}`;
  return osierError('ERR_OSIER_SHARD_FAILED', message, { shard }, cause === null ? undefined : { cause });
}

/** A shard is being started again. */
export function shardDown(shard: number): OsierError {
  return osierError('ERR_OSIER_SHARD_FAILED', `Shard ${shard} is being started again: try later.`, { shard });
}

/** There is no room for another peer. */
export function noRoomForPeers(): OsierError<'ERR_OSIER_LIMIT'> {
  return osierError('ERR_OSIER_LIMIT', 'This node has as many peers as its limits allow: raise limits.peers.', { limit: 'peers' });
}

/** A shard does not answer. */
export function shardStuck(shard: number): OsierError {
  const message = `Shard ${shard} has not answered for ${STUCK_AFTER_MS / 1_000} s: a handler blocks its thread.`;
  return osierError('ERR_OSIER_SHARD_FAILED', message, { shard });
}

/** Why a shard is ended that bound its sockets while another was ending. */
export function placeUnknown(other: number): Error {
  return new Error(`shard ${other} ended at about the time when this one bound its sockets: which came first, and so their order, is unknown`);
}

/** The kernel still steers by an older order. */
export function steeringRefused(shard: number, cause: unknown): OsierError {
  const message = `Datagrams cannot be steered to the shards by the present order of their sockets, which is tried again: ${textOf(cause)}`;
  return osierError('ERR_OSIER_SHARD_FAILED', message, { shard }, { cause });
}
