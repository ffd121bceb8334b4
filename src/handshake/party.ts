import type { ExchangeKeys, NodeId } from '../identity/index.js';
import { wipe } from '../identity/sodium.js';
import { HandshakeFault } from './fault.js';
import type { Cipher, DirectionKeys } from './keys.js';
import type { InitialCredit } from './payload.js';
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
