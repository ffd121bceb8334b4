/** Which of a peer's candidates are asked. */
import type { Engine } from '../../engine/engine.js';
import { type HostAndPort, ipBytes } from '../../identity/index.js';
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
  return isUnicast(ip) && (!isLoopback(ip) || own.some((at) => isLoopback(ipBytes(at.host))));
}

function isUnicast(ip: Uint8Array): boolean {
  const [first = 0, second = 0] = ip;
  if (ip.length === 4) return first !== 0 && first < 224 && !(first === 169 && second === 254);
  const isLinkLocal = first === 0xfe && (second & 0xc0) === 0x80;
  return ip.some((byte) => byte !== 0) && first !== 0xff && !isLinkLocal && !isMapped(ip);
}

/** An IPv4 address has one form: its 4 bytes. */
function isMapped(ip: Uint8Array): boolean {
  return ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff;
}

function isLoopback(ip: Uint8Array | null): boolean {
  if (ip === null) return false;
  return ip.length === 4 ? ip[0] === 127 : ip[15] === 1 && ip.subarray(0, 15).every((byte) => byte === 0);
}
