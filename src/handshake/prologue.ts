/** The Noise prologue: what both ends must agree on before the first byte, without sending it. */
import { type NodeId, PUBLIC_KEY_BYTES, publicKeyOfNodeId } from '../identity/index.js';
import { blake2b } from '../identity/sodium.js';
import { VERSION } from './protocol.js';

const LABEL = new TextEncoder().encode('osier v1 handshake');
const COMMITMENT_LABEL = new TextEncoder().encode('osier v1 network commitment');
const NOBODY = new Uint8Array(PUBLIC_KEY_BYTES);

/**
 * Label, version (1 byte), the responder's public key (32), network commitment (32): BLAKE2b-256 of a label under the network secret. So a
 * handshake completes only between members of one network, and only with the node that was called.
 */
export function ikPrologue(networkSecret: Uint8Array, responder: NodeId): Uint8Array {
  return prologue(networkSecret, publicKeyOfNodeId(responder));
}

/** The same of a join, whose initiator does not know the responder: 32 zero bytes stand for its key. */
export function xxPrologue(networkSecret: Uint8Array): Uint8Array {
  return prologue(networkSecret, NOBODY);
}

function prologue(networkSecret: Uint8Array, responder: Uint8Array): Uint8Array {
  const commitment = blake2b(32, [COMMITMENT_LABEL], networkSecret);
  // Not in the memory that Buffer shares out: it goes to other threads.
  return Uint8Array.from(Buffer.concat([LABEL, Uint8Array.of(VERSION), responder, commitment]));
}
