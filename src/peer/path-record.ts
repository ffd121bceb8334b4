/**
 * The engine's path record, read for people. 48 bytes, little-endian: 0 socket (u16), 2 family (u8: 4, 6, or 1: relayed), 3 flags (1: local address
 * present), 4 remote port (u16), 8 scope id (u32), 12 interface (u32), 16 remote address, 32 local address (an IPv4 address in the first 4 bytes of 16).
 * Of a relayed path: 16 RouteId of the neighbour that a packet came by (zero: not known), 24 that of the peer, 40 that of the waypoint (where a local
 * address is present).
 */
import type { Path, SocketAddress } from '../api/peers.js';
import { type PathRecord, ROUTE_ID_BYTES } from '../engine/engine.js';
import { ipText, isLinkLocal, type NodeId } from '../identity/index.js';

const LOCAL_PRESENT = 1;
const FAMILY_AT = 2;
const FAMILY_RELAYED = 1;
const HOP_AT = 16;
const FAR_AT = 24;
const WAYPOINT_AT = 40;

/** A path without relays. */
export type DirectPath = Extract<Path, { readonly kind: 'direct' }>;

/** Who is behind RouteIds; `null`: nobody knows. */
export interface RouteNames {
  nodeOf(routeId: Uint8Array): NodeId | null;
  /** The neighbour that packets for a RouteId go to first. */ nextHopTo(routeId: Uint8Array): NodeId | null;
}

/** Whether the path of a record goes through relays. */
export function isRelayed(record: PathRecord): boolean {
  return record[FAMILY_AT] === FAMILY_RELAYED;
}

/** The path of a record; `sockets` are the bound sockets in the order of binding. `null`: a relayed one whose next hop has no name. */
export function pathOf(record: PathRecord, sockets: readonly SocketAddress[], names?: RouteNames): Path | null {
  return isRelayed(record) ? relayedPathOf(record, names) : directPathOf(record, sockets);
}

/** The neighbour that the routes say goes before the one that a packet came by. */
function relayedPathOf(record: PathRecord, names: RouteNames | undefined): Path | null {
  const idAt = (at: number): Uint8Array => record.subarray(at, at + ROUTE_ID_BYTES);
  const hasWaypoint = ((record[3] ?? 0) & LOCAL_PRESENT) !== 0;
  const nextHop = names?.nextHopTo(idAt(hasWaypoint ? WAYPOINT_AT : FAR_AT)) ?? names?.nodeOf(idAt(HOP_AT)) ?? null;
  if (nextHop === null) return null;
  return { kind: 'relayed', nextHop, waypoint: hasWaypoint ? (names?.nodeOf(idAt(WAYPOINT_AT)) ?? null) : null };
}

/** The path of a record that is not relayed. */
export function directPathOf(record: PathRecord, sockets: readonly SocketAddress[]): DirectPath {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const family = view.getUint8(FAMILY_AT);
  const socket = sockets[view.getUint16(0, true)];
  const localKnown = (view.getUint8(3) & LOCAL_PRESENT) !== 0;
  const localZone = family === 6 && isLinkLocal(record.subarray(32, 48)) ? view.getUint32(12, true) : 0;
  const localHost = localKnown ? hostText(record.subarray(32, 48), family, localZone) : (socket?.host ?? addressText(new Uint8Array(16), family));
  return {
    kind: 'direct',
    local: { host: localHost, port: socket?.port ?? 0 },
    remote: { host: hostText(record.subarray(16, 32), family, family === 6 ? view.getUint32(8, true) : 0), port: view.getUint16(4, true) },
  };
}

/** The number of the socket, of a path that is not relayed. */
export function socketOf(record: PathRecord): number {
  return (record[0] ?? 0) + 256 * (record[1] ?? 0);
}

/** Whether two records lead to remote endpoints of the same address family. */
export function sameFamily(a: PathRecord, b: PathRecord): boolean {
  return a[FAMILY_AT] === b[FAMILY_AT];
}

/** Whether two records lead to the same remote endpoint. */
export function sameRemote(a: PathRecord, b: PathRecord): boolean {
  const differs = (from: number, to: number): boolean => Buffer.compare(a.subarray(from, to), b.subarray(from, to)) !== 0;
  // Of relayed paths the peer counts, whoever brings its packets.
  return !differs(2, 3) && !differs(4, 6) && !differs(8, 12) && !differs(isRelayed(a) ? FAR_AT : 16, 32);
}

/** A `zone` of 0 is none. */
function hostText(bytes: Uint8Array, family: number, zone: number): string {
  const text = addressText(bytes, family);
  return zone === 0 ? text : `${text}%${zone}`;
}

function addressText(bytes: Uint8Array, family: number): string {
  return ipText(family === 4 ? bytes.subarray(0, 4) : bytes);
}
