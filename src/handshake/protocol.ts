/** Constants of the handshake protocol. Both ends must have the same; a change is another version. */

/** The version of every byte described here, as it leads in clear. */
export const VERSION = 1;

/** The versions that this node speaks, best first. */
export const VERSIONS: readonly number[] = [VERSION];

/** The most versions that a message lists: what a clear hint can name. */
export const VERSIONS_MAX = 7;

/** The most ciphers that a message lists: far more than there will be. */
export const CIPHERS_MAX = 16;

/** The largest handshake packet in bytes: a 1,200-byte datagram less the 40 bytes of a relay's header. */
export const HANDSHAKE_BYTES_MAX = 1160;

/**
 * The size of message 1 in bytes. Larger than every answer (message 2, also that of a joining handshake, cookie, hint), so that nothing sent from
 * a forged address is amplified.
 */
export const MESSAGE_1_BYTES = 320;

/** Feature bit of the caller: it knows the other end's id by joining alone, nobody there asked for that id. */
export const FEATURE_JOINED = 1;

/** Random bytes that name one run of a node. */
export const INSTANCE_BYTES = 16;

/** The largest packet number, credit or stream count, 2^62 - 1 (RFC 9000 §16). */
export const VARINT_MAX = (1n << 62n) - 1n;
