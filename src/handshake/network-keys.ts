/** What a network secret gives to the handshakes of its members. */
import type { NodeId } from '../identity/index.js';
import { blake2b } from '../identity/sodium.js';
import { cookieKeyOf } from './cookies.js';
import { mac1KeyOf } from './mac1.js';
import { ikPrologue, xxPrologue } from './prologue.js';

const PSK_LABEL = new TextEncoder().encode('osier v1 psk');

/** What the handshakes of one pattern take from a network secret. */
export interface NetworkKeys {
  readonly mac1Key: Uint8Array;
  readonly cookieKey: Uint8Array;
  readonly prologue: Uint8Array;
}

/** The same for a join. */
export interface JoinNetworkKeys extends NetworkKeys {
  /** psk0, 32 bytes. */ readonly psk: Uint8Array;
}

/** Of handshakes with a responder that is called by its id. */
export function callKeysOf(networkSecret: Uint8Array, responder: NodeId): NetworkKeys {
  return {
    mac1Key: mac1KeyOf(networkSecret, responder),
    cookieKey: cookieKeyOf(networkSecret, responder),
    prologue: ikPrologue(networkSecret, responder),
  };
}

/** Of joins, whose responder is not known. */
export function joinKeysOf(networkSecret: Uint8Array): JoinNetworkKeys {
  return {
    mac1Key: mac1KeyOf(networkSecret, null),
    cookieKey: cookieKeyOf(networkSecret, null),
    prologue: xxPrologue(networkSecret),
    psk: blake2b(32, [PSK_LABEL], networkSecret),
  };
}

/** What the engine admits messages by: of each network the key of mac1, then that of cookies. */
export function admissionKeysOf(networks: readonly NetworkKeys[]): Uint8Array {
  return Buffer.concat(networks.flatMap(({ mac1Key, cookieKey }) => [mac1Key, cookieKey]));
}
