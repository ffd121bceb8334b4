import { osierError } from '../errors/index.js';
import { base32Length, decodeBase32, encodeBase32 } from './base32.js';
import { blake2b, exchangePublicKeyOf } from './sodium.js';

/** A public key as 52 characters of lower-case base32. Calls take any string and check it; what they return has this type. */
export type NodeId = string & { readonly __osier: 'NodeId' };

/** Bytes of the public key that an id spells. */
export const PUBLIC_KEY_BYTES = 32;

/** Characters of an id. */
export const NODE_ID_CHARACTERS = base32Length(PUBLIC_KEY_BYTES);

/** Bytes of a RouteId. */
export const ROUTE_ID_BYTES = 8;

/** Ids that {@link parseNodeId} keeps the conversion of; the oldest is forgotten first. */
const READ_OF_LATE_MAX = 64;

const readOfLate = new Map<NodeId, Uint8Array>();

/** Checks and lower-cases an id. Errors (thrown): BAD_ID. */
export function parseNodeId(text: string): NodeId {
  const publicKey = typeof text === 'string' ? decodeBase32(text.toLowerCase(), PUBLIC_KEY_BYTES) : null;
  if (publicKey === null) {
    const message = `${shown(text)} is not a node id: it takes ${NODE_ID_CHARACTERS} characters out of a-z and 2-7, as \`osier id\` prints them.`;
    throw osierError('ERR_OSIER_BAD_ID', message, { input: String(text) });
  }
  const id = nodeIdOf(publicKey);
  remember(id, exchangeKeyOf(id, publicKey));
  return id;
}

/** The id that spells a public key, usable or not. Whoever has the key from somebody else compares the id with one that is usable, or converts it. */
export function nodeIdOf(publicKey: Uint8Array): NodeId {
  return encodeBase32(publicKey) as NodeId;
}

/** The Ed25519 public key that an id spells. */
export function publicKeyOfNodeId(id: NodeId): Uint8Array {
  const publicKey = decodeBase32(id, PUBLIC_KEY_BYTES);
  if (publicKey === null) throw osierError('ERR_OSIER_BAD_ID', `${shown(id)} is not a node id.`, { input: id });
  return publicKey;
}

/**
 * The X25519 key by which a node shakes hands (libsodium's conversion). Errors (thrown): BAD_ID for a key that is not the canonical encoding of a
 * point of the prime-order group. The sign of the point is lost: a key and its negative convert to the same.
 */
export function exchangeKeyOfNodeId(id: NodeId): Uint8Array {
  return exchangeKeyOf(id, publicKeyOfNodeId(id));
}

/** The same, at once for ids that were read from text of late: one that is called. How long it takes tells which those are. */
export function exchangeKeyOfCalled(id: NodeId): Uint8Array {
  const known = readOfLate.get(id);
  return known === undefined ? exchangeKeyOfNodeId(id) : Uint8Array.from(known);
}

/** The first 8 bytes of BLAKE2b-512 of the public key: a hint for forwarding, never for trust. */
export function routeIdOfNodeId(id: NodeId): Uint8Array {
  return blake2b(64, [publicKeyOfNodeId(id)]).slice(0, ROUTE_ID_BYTES);
}

/** Negative where `a` is the smaller id, 0 where they are the same. The order is that of the public keys' bytes, not of the texts. */
export function compareNodeIds(a: NodeId, b: NodeId): number {
  return a === b ? 0 : Buffer.compare(publicKeyOfNodeId(a), publicKeyOfNodeId(b));
}

function remember(id: NodeId, exchangeKey: Uint8Array): void {
  readOfLate.delete(id);
  readOfLate.set(id, exchangeKey);
  if (readOfLate.size <= READ_OF_LATE_MAX) return;
  const [oldest] = readOfLate.keys();
  if (oldest !== undefined) readOfLate.delete(oldest);
}

function exchangeKeyOf(id: NodeId, publicKey: Uint8Array): Uint8Array {
  try {
    return exchangePublicKeyOf(publicKey);
  } catch (cause) {
    const message = `The id ${shown(id)} is not a usable public key, although it is spelled like one: compare it with what \`osier id\` prints there.`;
    throw osierError('ERR_OSIER_BAD_ID', message, { input: id }, { cause });
  }
}

/** `text` for a message: quoted, and cut where it would fill the screen. */
function shown(text: unknown): string {
  const whole = String(text);
  return `'${whole.length > 80 ? `${whole.slice(0, 80)}…` : whole}'`;
}
