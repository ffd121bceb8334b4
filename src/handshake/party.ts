import { type ExchangeKeys, exchangeKeyOfNodeId, type NodeId } from '../identity/index.js';
import { equalBytes, wipe } from '../identity/sodium.js';
import { HandshakeFault } from './fault.js';
import type { Cipher, DirectionKeys } from './keys.js';
import type { InitialCredit, Introduction } from './payload.js';
import { VERSION, VERSIONS } from './protocol.js';
import type { Timestamps } from './timestamps.js';

/** What a node brings to all its handshakes, in both roles. */
export interface HandshakeParty {
  readonly id: NodeId;
  readonly exchangeKeys: ExchangeKeys;
  /** This run of the node: 16 random bytes in hex. */ readonly instance: string;
  /** Current, then previous: every one admits, the first is sent. */ readonly networkSecrets: readonly [
    current: Uint8Array,
    ...previous: Uint8Array[],
  ];
  /** What data packets may be sealed with, best first. */ readonly ciphers: readonly [Cipher, ...Cipher[]];
  /** What peers may send before their first grants. */ readonly credit: InitialCredit;
  readonly timestamps: Timestamps;
  /** Milliseconds since some start; never goes back. */ nowMs(): number;
  /** Unpredictable bytes, new at each call. */ randomBytes(byteCount: number): Uint8Array;
}

/** What this end says of one session that is to be. */
export interface LocalEnd {
  /** The reserved index at which packets of the session arrive. */ readonly localIndex: number;
  /** This end's name for its state towards the peer: 8 random bytes. */ readonly token: Uint8Array;
  /** This end's packets under the new keys begin here or later. */ readonly firstPacketNumber: bigint;
}

/** A finished handshake, as one end has it. */
export interface HandshakeResult {
  readonly role: 'initiator' | 'responder';
  /** Whether the other end is known to have the keys. Otherwise nothing may be sent under them, and nothing be replaced, before a packet
   *  authenticates under them. */
  readonly isConfirmed: boolean;
  /** Whether one end asked for the other by its id, or found it by joining. */ readonly verified: 'id' | 'network';
  /** The id whose key was proved. */ readonly peer: NodeId;
  /** 32 hex digits, new at each start of the peer. */ readonly remoteInstance: string;
  /** 16 hex digits: the peer's name for its state towards this node. */ readonly remoteToken: string;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly cipher: Cipher;
  readonly sendKeys: DirectionKeys;
  readonly receiveKeys: DirectionKeys;
  /** The least packet number that each side uses under these keys. */
  readonly firstSend: bigint;
  readonly firstReceive: bigint;
  /** What this node may send before the peer's first grants. */ readonly remoteCredit: InitialCredit;
}

/** What `party` tells of itself in a message about the session of `local`. */
export function introductionOf(party: HandshakeParty, local: LocalEnd, features = 0): Introduction {
  const { id, instance, credit } = party;
  const { localIndex: senderIndex, firstPacketNumber } = local;
  const token = Buffer.from(local.token).toString('hex');
  return { id, instance, token, senderIndex, versions: VERSIONS, features, firstPacketNumber, credit };
}

/** Throws {@link HandshakeFault} unless `id` is usable, belongs to the static key that the handshake proved, and is not this node's own. */
export function checkIdentity(party: HandshakeParty, id: NodeId, remoteStatic: Uint8Array | null): void {
  if (id === party.id) throw new HandshakeFault('wrong-identity', 'The other end has the key of this very node');
  if (remoteStatic === null || !equalBytes(exchangeKeyOfClaimed(id), remoteStatic)) {
    throw new HandshakeFault('wrong-identity', `The other end claims to be ${id} but has another key`);
  }
}

function exchangeKeyOfClaimed(id: NodeId): Uint8Array {
  try {
    return exchangeKeyOfNodeId(id);
  } catch (cause) {
    throw new HandshakeFault('wrong-identity', 'The id in the payload is no usable key', { cause });
  }
}

/** Throws {@link HandshakeFault} unless the index under seal is the one in clear. */
export function checkSenderIndex(sealed: number, clear: number): void {
  if (sealed !== clear || clear === 0) throw new HandshakeFault('contradictory', 'The sender index is 0 or was changed on the way');
}

/** Overwrites the keys of a handshake once somebody else has them. */
export function wipeKeys({ sendKeys, receiveKeys }: HandshakeResult): void {
  wipe(sendKeys.data, sendKeys.hopTag, receiveKeys.data, receiveKeys.hopTag);
}

/** Throws {@link HandshakeFault} unless both ends' lists lead to the version in use: somebody in between may have taken a better one away. */
export function checkVersions(remote: readonly number[]): void {
  const best = VERSIONS.find((version) => remote.includes(version));
  if (best === VERSION) return;
  throw new HandshakeFault('downgrade', `Version ${VERSION} is in use, although both ends' lists lead to ${best ?? 'none'}`);
}
