/** Why a connection did not come about. */
import { type OsierError, osierError } from '../errors/index.js';
import { formatHost, type HostAndPort, type NodeId } from '../identity/index.js';
import type { AskedHosts } from './asked-hosts.js';

/** Unauthenticated answers: likely reasons, never proof. */
export type Hint = 'version' | 'busy';

/** The hint of a number of the engine's; `null` for one that is not known. */
export function hintOf(kind: number): Hint | null {
  return kind === 1 ? 'version' : kind === 2 ? 'busy' : null;
}

const HINT_TEXT: Readonly<Record<Hint, string>> = {
  version: 'something at that address answered that it speaks another protocol version',
  busy: 'something at that address answered that it is busy',
};

/** Nobody answered in time. Wrong key, wrong secret and nobody there look alike from outside: the message lists them all. */
export function timedOut(who: string, timeoutMs: number, hints: readonly Hint[]): OsierError {
  const heard = hints.map((hint) => `; ${HINT_TEXT[hint]}`).join('');
  const message =
    `No valid answer from ${who} within ${timeoutMs} ms${heard}. Likely causes: the peer is not running or another host or port is meant, ` +
    `a firewall drops UDP on the way, the network secrets differ, or the node there has another id.`;
  return osierError('ERR_OSIER_TIMEOUT', message, { timeoutMs, hints });
}

/** As {@link timedOut}, for a node on this thread: it may be that nothing reaches it at all. */
export function unanswered(asked: AskedHosts, who: string, timeoutMs: number, hints: readonly Hint[]): OsierError {
  if (!asked.areAllSilent) return timedOut(who, timeoutMs, hints);
  const message =
    `No answer from ${who} within ${timeoutMs} ms, and not one UDP packet from anybody else that this node has called. A firewall between this machine and ` +
    'the others is the likely reason: let UDP pass, in both directions.';
  return osierError('ERR_OSIER_UDP_BLOCKED', message, {});
}

/** The peer is connected, but did not do its part in time. */
export function tooSlow(id: NodeId, timeoutMs: number): OsierError {
  const message = `${id} is connected, but did not answer, or allow another stream, within ${timeoutMs} ms: it is overloaded, or has as many streams as it takes.`;
  return osierError('ERR_OSIER_TIMEOUT', message, { timeoutMs, hints: [] });
}

/** The peer of before takes its time to close. */
export function stillClosing(id: NodeId, timeoutMs: number): OsierError {
  const message = `${id} was still being closed by this node after ${timeoutMs} ms: wait for its close, or give that less time.`;
  return osierError('ERR_OSIER_TIMEOUT', message, { timeoutMs, hints: [] });
}

/** Neither an address nor a way through others is known. */
export function unreachable(id: NodeId): OsierError {
  const message = `No address of ${id} is known and no route leads to it: connect by osier://${id}@host:port, or to a relay that has a way to it.`;
  return osierError('ERR_OSIER_UNREACHABLE', message, { id });
}

/** No host name resolved, or this node has no socket of the families that they resolved to. */
export function unresolved(hosts: readonly HostAndPort[], cause: unknown): OsierError {
  const names = hosts.map(({ host }) => host);
  const message = `No host of the address resolved (${hosts.map(formatHost).join(', ')}): check its spelling and this machine's DNS.`;
  return osierError('ERR_OSIER_UNRESOLVED', message, { hosts: names }, { cause });
}

const REFUSALS = {
  policy: 'does not admit this node: ask its operator',
  limit: 'has as many peers as it takes: try again later',
  shutdown: 'is shutting down: try again later',
} as const;

/** The node at the other end said no, authentically. */
export function refused(who: string, why: keyof typeof REFUSALS): OsierError {
  return osierError('ERR_OSIER_REFUSED', `${who} ${REFUSALS[why]}.`, { why });
}

/** The node at the other end said, authentically, that it has nothing in common with this one. */
export function incompatible(who: string, hosts: readonly HostAndPort[], subject: 'version' | 'cipher'): OsierError {
  const at = hosts.map(formatHost).join(', ');
  return osierError('ERR_OSIER_INCOMPATIBLE', `${who} (${at}) shares no ${subject} with this node: update one side.`, { subject });
}

/** Another node than before answers at an address to join by. */
export function pinMismatch(who: string, pinned: NodeId, found: NodeId): OsierError {
  const message =
    `${found} answers at ${who}, where ${pinned} was found before. If the node there was replaced on purpose, connect by its id ` +
    `(osier://${found}@host:port); otherwise somebody else of the network has taken its address.`;
  return osierError('ERR_OSIER_PIN_MISMATCH', message, { pinned, found });
}
