/** The addresses of an announcement: a kind (u8), the address, a port (u16). In ascending order of these bytes, none twice. */
import { type HostAndPort, ipBytes, ipText, isLinkLocal, isMapped, isUnicast, parseHostAndPort } from '../../identity/index.js';

/** The first byte of an address. */
const Kind = { name: 1, ipv4: 4, ipv6: 6 } as const;

/** The addresses that can be announced of `hosts`: as many of the first as fit `byteCount` bytes and `count` entries, each as its bytes, in ascending order. */
export function encodeAddresses(hosts: readonly HostAndPort[], count: number, byteCount: number): Uint8Array[] {
  const taken = new Map<string, Uint8Array>();
  let left = byteCount;
  for (const host of hosts) {
    const bytes = encodeAddress(host);
    if (bytes === null || taken.size >= count || bytes.length > left) continue;
    const key = Buffer.from(bytes).toString('latin1');
    if (taken.has(key)) continue;
    taken.set(key, bytes);
    left -= bytes.length;
  }
  return [...taken.values()].sort(Buffer.compare);
}

/** The address at `offset` and how many bytes it has; `null` where there is none that may be announced. */
export function decodeAddress(bytes: Uint8Array, offset: number): { readonly host: HostAndPort; readonly byteCount: number } | null {
  const kind = bytes[offset];
  const lead = kind === Kind.name ? 2 : 1;
  const length = kind === Kind.name ? (bytes[offset + 1] ?? 0) : kind === Kind.ipv4 ? 4 : kind === Kind.ipv6 ? 16 : 0;
  const end = offset + lead + length;
  const [low, high] = bytes.subarray(end, end + 2);
  if (length === 0 || low === undefined || high === undefined) return null;
  const body = bytes.subarray(offset + lead, end);
  const host = kind === Kind.name ? nameOf(body) : isReachable(body) ? ipText(body) : null;
  const port = low + 256 * high;
  return host === null || port === 0 ? null : { host: { host, port }, byteCount: lead + length + 2 };
}

/** `null` for what means nothing to other nodes. */
function encodeAddress({ host, port }: HostAndPort): Uint8Array | null {
  const ip = ipBytes(host);
  const text = new TextEncoder().encode(host);
  const tail = Uint8Array.of(port & 0xff, port >> 8);
  if (ip === null) return nameOf(text) === host ? Buffer.concat([Uint8Array.of(Kind.name, text.length), text, tail]) : null;
  const plain = isMapped(ip) ? ip.subarray(12) : ip;
  if (!isReachable(plain)) return null;
  return Buffer.concat([Uint8Array.of(plain.length === 4 ? Kind.ipv4 : Kind.ipv6), plain, tail]);
}

/** A host name in its one form: lower case, and no IP address. */
function nameOf(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('latin1');
  if (!/^[\x21-\x7e]+$/.test(text) || ipBytes(text) !== null || text.includes(':')) return null;
  try {
    return parseHostAndPort(`${text}:1`).host === text ? text : null;
  } catch {
    return null;
  }
}

/** Neither unspecified nor for many, and the same everywhere. An IPv4 address has one form: its 4 bytes. */
function isReachable(ip: Uint8Array): boolean {
  return isUnicast(ip) && !isMapped(ip) && !isLinkLocal(ip);
}
