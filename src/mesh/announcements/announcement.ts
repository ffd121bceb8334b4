/** What a node says of itself, signed: docs/protocol.md has the bytes. One meaning has one encoding, and every other one is refused. */
import {
  type HostAndPort,
  type Identity,
  isSigned,
  type NodeId,
  nodeIdOf,
  PUBLIC_KEY_BYTES,
  publicKeyOfNodeId,
  routeIdOfNodeId,
  SIGNATURE_BYTES,
  type SignatureMemory,
  signedBy,
  signingLabel,
} from '../../identity/index.js';
import { decodeAddress, encodeAddresses } from './address-codec.js';
import { ADDRESSES_MAX, ANNOUNCEMENT_BYTES_MAX, EXTENSIONS_MAX, LIFETIME_SECONDS_MAX, LIFETIME_SECONDS_MIN, SEQUENCE_MAX } from './limits.js';

/** The first byte. */
const VERSION = 1;
/** The bits of the second byte; the others are zero. */
const RELAY = 1;
const INSTANCE_BYTES = 16;
/** Offsets; the addresses follow, then the extensions, then the signature. */
const At = { flags: 1, lifetime: 2, addresses: 4, extensions: 5, key: 6, instance: 38, sequence: 54, lists: 62 } as const;

/** Before what is signed. */
export const ANNOUNCEMENT_LABEL = signingLabel('announcement');

/** Something that a later version, or an application, adds: passed on as it is. */
export interface Extension {
  /** 0 to 65,535. */ readonly type: number;
  readonly bytes: Uint8Array;
}

/** See the file's head. */
export interface Announcement {
  readonly id: NodeId;
  /** One run of the node; 32 hex digits. */ readonly instance: string;
  /** The larger, the newer; 1 to {@link SEQUENCE_MAX}. */ readonly sequence: number;
  /** How long it counts from when it is heard first. */ readonly lifetimeSeconds: number;
  /** The node forwards for others. */ readonly isRelay: boolean;
  /** Where it may be reached, in the order of their bytes. */ readonly hosts: readonly HostAndPort[];
  /** By type, each once. */ readonly extensions: readonly Extension[];
}

/** An announcement and its signed bytes, which are what is passed on. */
export interface SignedAnnouncement {
  readonly announcement: Announcement;
  readonly bytes: Uint8Array;
  /** The RouteId of its node, 8 bytes, */ readonly routeId: Uint8Array;
  /** and as 16 hex digits. */ readonly routeKey: string;
}

/** What {@link signAnnouncement} is given: the id is the signer's, and the hosts may be in any order. */
export type AnnouncementContent = Omit<Announcement, 'id'>;

/** Signs what `identity` announces. Hosts that mean nothing elsewhere, and those that do not fit, are left out: the last ones first. Throws RangeError. */
export function signAnnouncement(identity: Identity, content: AnnouncementContent): SignedAnnouncement {
  const { sequence, lifetimeSeconds } = content;
  if (!isWithin(sequence, 1, SEQUENCE_MAX)) throw new RangeError(`${sequence} is no sequence`);
  if (!isWithin(lifetimeSeconds, LIFETIME_SECONDS_MIN, LIFETIME_SECONDS_MAX)) throw new RangeError(`${lifetimeSeconds} s is no lifetime`);
  const extensions = encodeExtensions(content.extensions);
  const left = ANNOUNCEMENT_BYTES_MAX - SIGNATURE_BYTES - At.lists - extensions.reduce((sum, { length }) => sum + length, 0);
  if (left < 0) throw new RangeError('the extensions do not fit');
  const addresses = encodeAddresses(content.hosts, ADDRESSES_MAX, left);
  const head = new Uint8Array(At.lists);
  const view = new DataView(head.buffer);
  head.set([VERSION, content.isRelay ? RELAY : 0]);
  view.setUint16(At.lifetime, lifetimeSeconds, true);
  head.set([addresses.length, extensions.length], At.addresses);
  head.set(publicKeyOfNodeId(identity.id), At.key);
  head.set(Buffer.from(content.instance, 'hex'), At.instance);
  view.setBigUint64(At.sequence, BigInt(sequence), true);
  const read = decodeAnnouncement(signedBy(identity, ANNOUNCEMENT_LABEL, Buffer.concat([head, ...addresses, ...extensions])));
  if (read === null) throw new RangeError('the instance is not 32 hex digits');
  return read;
}

/** Reads the one encoding of an announcement, of which it keeps a copy; `null` for anything else. Says nothing of the signature. */
export function decodeAnnouncement(from: Uint8Array): SignedAnnouncement | null {
  if (from.length < At.lists + SIGNATURE_BYTES || from.length > ANNOUNCEMENT_BYTES_MAX) return null;
  const bytes = Uint8Array.from(from);
  const view = new DataView(bytes.buffer);
  const [version, flags = 0] = bytes;
  const lifetimeSeconds = view.getUint16(At.lifetime, true);
  const sequence = Number(view.getBigUint64(At.sequence, true));
  if (version !== VERSION || (flags & ~RELAY) !== 0) return null;
  if (!isWithin(lifetimeSeconds, LIFETIME_SECONDS_MIN, LIFETIME_SECONDS_MAX) || !isWithin(sequence, 1, SEQUENCE_MAX)) return null;
  const lists = decodeLists(bytes.subarray(0, bytes.length - SIGNATURE_BYTES));
  if (lists === null) return null;
  const id = nodeIdOf(bytes.subarray(At.key, At.key + PUBLIC_KEY_BYTES));
  const instance = Buffer.from(bytes.buffer, At.instance, INSTANCE_BYTES).toString('hex');
  const routeId = routeIdOfNodeId(id);
  const announcement = { id, instance, sequence, lifetimeSeconds, isRelay: (flags & RELAY) !== 0, ...lists };
  return { announcement, bytes, routeId, routeKey: routeKeyOf(routeId) };
}

/** Whether it is signed by the key that it names. */
export function isAnnouncementSigned({ announcement, bytes }: SignedAnnouncement, verified?: SignatureMemory): boolean {
  return isSigned(ANNOUNCEMENT_LABEL, bytes, publicKeyOfNodeId(announcement.id), verified);
}

/** A RouteId as a key of maps: 16 hex digits. */
export function routeKeyOf(routeId: Uint8Array): string {
  return Buffer.from(routeId.buffer, routeId.byteOffset, routeId.byteLength).toString('hex');
}

/** `null` unless both lists are in order and end where the bytes end. */
function decodeLists(bytes: Uint8Array): Pick<Announcement, 'hosts' | 'extensions'> | null {
  const [addressCount = 0, extensionCount = 0] = bytes.subarray(At.addresses, At.key);
  if (addressCount > ADDRESSES_MAX || extensionCount > EXTENSIONS_MAX) return null;
  const hosts: HostAndPort[] = [];
  let offset: number = At.lists;
  let before: Uint8Array | null = null;
  while (hosts.length < addressCount) {
    const address = decodeAddress(bytes, offset);
    if (address === null) return null;
    const present = bytes.subarray(offset, offset + address.byteCount);
    if (before !== null && Buffer.compare(before, present) >= 0) return null;
    hosts.push(address.host);
    before = present;
    offset += address.byteCount;
  }
  const extensions = decodeExtensions(bytes.subarray(offset), extensionCount);
  return extensions === null ? null : { hosts, extensions };
}

function decodeExtensions(bytes: Uint8Array, count: number): Extension[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extensions: Extension[] = [];
  let offset = 0;
  while (extensions.length < count) {
    if (offset + 4 > bytes.length) return null;
    const type = view.getUint16(offset, true);
    const end = offset + 4 + view.getUint16(offset + 2, true);
    if (end > bytes.length || type <= (extensions.at(-1)?.type ?? -1)) return null;
    extensions.push({ type, bytes: bytes.subarray(offset + 4, end) });
    offset = end;
  }
  return offset === bytes.length ? extensions : null;
}

function encodeExtensions(extensions: readonly Extension[]): Uint8Array[] {
  if (extensions.length > EXTENSIONS_MAX) throw new RangeError(`${extensions.length} extensions where ${EXTENSIONS_MAX} are allowed`);
  const sorted = [...extensions].sort((a, b) => a.type - b.type);
  for (const [index, { type, bytes }] of sorted.entries()) {
    if (!isWithin(type, 0, 0xffff) || sorted[index + 1]?.type === type) throw new RangeError(`extension ${type} is there twice, or is no type`);
    if (bytes.length > ANNOUNCEMENT_BYTES_MAX) throw new RangeError(`extension ${type} does not fit`);
  }
  return sorted.map(({ type, bytes }) => Buffer.concat([Uint8Array.of(type & 0xff, type >> 8, bytes.length & 0xff, bytes.length >> 8), bytes]));
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
