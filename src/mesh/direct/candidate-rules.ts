/** Which of a peer's candidates are asked. */
import type { Engine } from '../../engine/engine.js';
import { type HostAndPort, ipBytes, isLinkLocal, isMapped, isUnicast } from '../../identity/index.js';
import type { NatClass } from '../nat/reflexive.js';
import type { CandidatePath } from './attempt.js';
import type { Candidate, CandidatesMessage } from './messages.js';

/** What this end tells of itself. */
export interface OwnCandidates {
  readonly nat: NatClass;
  candidates(): readonly Candidate[];
}

/** The routers of both ends show everybody another port: what a relay sees is of no use to anybody else. */
export function areBothDependent(own: OwnCandidates, theirs: CandidatesMessage): boolean {
  return own.nat === 'endpoint-dependent' && theirs.nat === 'endpoint-dependent';
}

/** The ways to ask at, as far as this node has a socket of their family. */
export function waysTo(engine: Pick<Engine, 'pathTo'>, theirs: CandidatesMessage, own: OwnCandidates): readonly CandidatePath[] {
  const here = own.candidates();
  const isOfNoUse = ({ kind }: Candidate): boolean => kind === 'seen' && areBothDependent(own, theirs);
  const asked = theirs.candidates.filter((candidate) => isWorthAsking(candidate, here) && !isOfNoUse(candidate));
  return asked.flatMap((candidate) => {
    try {
      return [{ path: Uint8Array.from(engine.pathTo(candidate.host, candidate.port)), candidate }];
    } catch {
      return [];
    }
  });
}

/**
 * Whether to send packets to a candidate of a peer's: not to addresses for many, nor to those that mean another machine on each link, nor to this
 * node itself; and to the loopback only from a node that is itself announced there. `own`: where this node is.
 */
export function isWorthAsking({ host, port }: HostAndPort, own: readonly HostAndPort[]): boolean {
  const ip = ipBytes(host);
  if (ip === null || port === 0 || own.some((at) => at.host === host && at.port === port)) return false;
  const meansOne = isUnicast(ip) && !isLinkLocal(ip) && !isLocalIpv4(ip) && !isMapped(ip);
  return meansOne && (!isLoopback(ip) || own.some((at) => isLoopback(ipBytes(at.host))));
}

/** Link-local addresses of IPv4 (169.254.0.0/16) are another machine on each link, too. */
function isLocalIpv4([first, second, ...rest]: Uint8Array): boolean {
  return rest.length === 2 && first === 169 && second === 254;
}

function isLoopback(ip: Uint8Array | null): boolean {
  if (ip === null) return false;
  return ip.length === 4 ? ip[0] === 127 : ip[15] === 1 && ip.subarray(0, 15).every((byte) => byte === 0);
}
