import { type HostAndPort, ipBytes } from '../../identity/index.js';

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
