/**
 * mac1, the MAC by which strangers to the network get no answer. `native/core/src/mac1.rs` verifies it before a message crosses to TypeScript.
 *
 * key = BLAKE2b-256(key = network secret, "osier v1 mac1" || responder's public key, or 32 zero bytes where the sender does not know it)
 * mac1 = BLAKE2b-128(key, every byte of the packet before mac1)
 */
import { type NodeId, PUBLIC_KEY_BYTES, publicKeyOfNodeId } from '../identity/index.js';
import { blake2b } from '../identity/sodium.js';

/** Bytes of mac1, and of mac2. */
export const MAC_BYTES = 16;

const LABEL = new TextEncoder().encode('osier v1 mac1');
const NOBODY = new Uint8Array(PUBLIC_KEY_BYTES);

/** The key of all messages of a handshake with `responder`; `null`: one who is not known yet. 32 bytes. */
export function mac1KeyOf(networkSecret: Uint8Array, responder: NodeId | null): Uint8Array {
  return blake2b(32, [LABEL, responder === null ? NOBODY : publicKeyOfNodeId(responder)], networkSecret);
}

/** The MAC of the bytes before it. */
export function mac1Of(key: Uint8Array, bytesBefore: Uint8Array): Uint8Array {
  return blake2b(MAC_BYTES, [bytesBefore], key);
}
