/** IP addresses between text and bytes. */
import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 bytes of an IP address in text; `null` for anything else, and for one with a zone. */
export function ipBytes(text: string): Uint8Array | null {
  if (isIPv4(text)) return ipv4Bytes(text);
  return isIPv6(text) && !text.includes('%') ? ipv6Bytes(text) : null;
}

/** An address of 4 or 16 bytes; IPv6 as RFC 5952 writes it: the first of the longest runs of zero groups is left out. */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** Whether 4 or 16 bytes are the address of one machine: neither unspecified, nor of 0.0.0.0/8, nor for many, nor reserved for that. */
export function isUnicast(ip: Uint8Array): boolean {
  const [first = 0] = ip;
  return ip.length === 4 ? first !== 0 && first < 224 : first !== 0xff && ip.some((byte) => byte !== 0);
}

/** Whether an IPv6 address means something only together with an interface (RFC 4291 §2.5.6). */
export function isLinkLocal(ip: Uint8Array): boolean {
  const [first = 0, second = 0] = ip;
  return ip.length === 16 && first === 0xfe && (second & 0xc0) === 0x80;
}

/** Whether it is an IPv4 address in the form of IPv6 (RFC 4291 §2.5.5.2). */
export function isMapped(ip: Uint8Array): boolean {
  return ip.length === 16 && ip.subarray(0, 10).every((byte) => byte === 0) && ip[10] === 0xff && ip[11] === 0xff;
}

function ipv4Bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

function ipv6Bytes(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const before = groupBytes(head);
  const after = tail === undefined ? [] : groupBytes(tail);
  return Uint8Array.from([...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]);
}

/** Groups between colons, the last of which may be an IPv4 address. */
function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return [...ipv4Bytes(group)];
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
