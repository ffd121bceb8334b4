/**
 * The engine's path record, read for people. 48 bytes, little-endian: 0 socket (u16), 2 family (u8: 4 or 6), 3 flags (1: local address present),
 * 4 remote port (u16), 8 scope id (u32), 12 interface (u32), 16 remote address, 32 local address (an IPv4 address in the first 4 bytes of 16).
 */
import type { Path, SocketAddress } from '../api/peers.js';
import type { PathRecord } from '../engine/engine.js';
import { ipText } from '../identity/index.js';

const LOCAL_PRESENT = 1;
const FAMILY_AT = 2;

/** The path of a record; `sockets` are the bound sockets in the order of binding. */
export function pathOf(record: PathRecord, sockets: readonly SocketAddress[]): Path {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const family = view.getUint8(FAMILY_AT);
  const socket = sockets[view.getUint16(0, true)];
  const localKnown = (view.getUint8(3) & LOCAL_PRESENT) !== 0;
  const localZone = isLinkLocal(record.subarray(32, 48), family) ? view.getUint32(12, true) : 0;
  const localHost = localKnown ? hostText(record.subarray(32, 48), family, localZone) : (socket?.host ?? addressText(new Uint8Array(16), family));
  return {
    kind: 'direct',
    local: { host: localHost, port: socket?.port ?? 0 },
    remote: { host: hostText(record.subarray(16, 32), family, family === 6 ? view.getUint32(8, true) : 0), port: view.getUint16(4, true) },
  };
}

/** Whether two records lead to remote endpoints of the same address family. */
export function sameFamily(a: PathRecord, b: PathRecord): boolean {
  return a[FAMILY_AT] === b[FAMILY_AT];
}

/** Whether two records lead to the same remote endpoint. */
export function sameRemote(a: PathRecord, b: PathRecord): boolean {
  const differs = (from: number, to: number): boolean => Buffer.compare(a.subarray(from, to), b.subarray(from, to)) !== 0;
  return !differs(2, 3) && !differs(4, 6) && !differs(8, 12) && !differs(16, 32);
}

/** Whether the address means something only together with an interface (RFC 4291 §2.5.6). */
function isLinkLocal(bytes: Uint8Array, family: number): boolean {
  const [first = 0, second = 0] = bytes;
  return family === 6 && first === 0xfe && (second & 0xc0) === 0x80;
}

/** A `zone` of 0 is none. */
function hostText(bytes: Uint8Array, family: number, zone: number): string {
  const text = addressText(bytes, family);
  return zone === 0 ? text : `${text}%${zone}`;
}

function addressText(bytes: Uint8Array, family: number): string {
  return ipText(family === 4 ? bytes.subarray(0, 4) : bytes);
}
