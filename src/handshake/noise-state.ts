import { createRequire } from 'node:module';
import type NoiseHandshake from 'noise-handshake';
import type { ExchangeKeys } from '../identity/index.js';
import { exchangePublicKeyOfSecret, wipe } from '../identity/sodium.js';
import { hkdf2, hkdf3 } from './hkdf.js';
import { hasSmallOrder } from './small-order.js';

/** By `require`, as sodium-native is, and for the same reason. */
const NoiseState = createRequire(import.meta.url)('noise-handshake') as typeof NoiseHandshake;

/** What {@link CopyableState.pack} writes, in this order, and how many bytes each has. */
const PACKED_BYTES = {
  ephemeralSecret: 32,
  ephemeralPublic: 32,
  remoteEphemeral: 32,
  /** Zeros where it is not known yet. */ remoteStatic: 32,
  key: 32,
  digest: 64,
  chainingKey: 64,
  /** The agreements that message 2 takes, in the order of their use. */ firstAgreement: 32,
  secondAgreement: 32,
} as const;

/** Bytes of a key of the cipher. */
const KEY_BYTES = 32;
const NOTHING = new Uint8Array(0);

type Part = keyof typeof PACKED_BYTES;
const PARTS = Object.keys(PACKED_BYTES) as Part[];

/** What a state begins with. */
export interface StateOptions {
  readonly prologue: Uint8Array;
  readonly localStatic: ExchangeKeys;
  /** 32 fresh random bytes; taken over and wiped. */ readonly ephemeralSecret: Uint8Array;
  readonly psk?: Uint8Array;
}

/** The library's state, with what it lacks: a copy, a chosen ephemeral key, an end before its end, and a way to another thread. */
export class CopyableState extends NoiseState {
  /** Agreements that another thread has worked out, in the order of their use. */
  #agreements: Uint8Array[] = [];
  /** What this state was unpacked from. */
  #packed: Uint8Array | null = null;

  static start(pattern: 'IK' | 'XXpsk0', isInitiator: boolean, options: StateOptions, remoteStatic?: Uint8Array): CopyableState {
    const state = new CopyableState(pattern, isInitiator, options.localStatic, options.psk === undefined ? {} : { psk: options.psk });
    state.e = { publicKey: exchangePublicKeyOfSecret(options.ephemeralSecret), secretKey: options.ephemeralSecret };
    state.initialise(options.prologue, remoteStatic === undefined ? undefined : Uint8Array.from(remoteStatic));
    return state;
  }

  /** The responder's state that was packed into the head of `bytes`, and what is behind it. The bytes of the head are taken over. */
  static unpack(
    pattern: 'IK' | 'XXpsk0',
    localStatic: ExchangeKeys,
    psk: Uint8Array | undefined,
    bytes: Uint8Array,
  ): { readonly state: CopyableState; readonly rest: Uint8Array } {
    const state = new CopyableState(pattern, false, localStatic, psk === undefined ? {} : { psk });
    let at = 0;
    const parts = {} as Record<Part, Uint8Array>;
    for (const part of PARTS) {
      parts[part] = bytes.subarray(at, at + PACKED_BYTES[part]);
      at += PACKED_BYTES[part];
    }
    // What is known beforehand, and message 1.
    while (!Array.isArray(state.handshake[0])) state.handshake.shift();
    state.handshake.shift();
    state.e = { secretKey: parts.ephemeralSecret, publicKey: parts.ephemeralPublic };
    state.re = parts.remoteEphemeral;
    state.rs = pattern === 'IK' ? parts.remoteStatic : null;
    state.key = parts.key;
    state.nonce = 1;
    state.digest = parts.digest;
    state.chainingKey = parts.chainingKey;
    state.#use([parts.firstAgreement, parts.secondAgreement]);
    state.#packed = bytes.subarray(0, at);
    return { state, rest: bytes.subarray(at) };
  }

  /** Throws also for an ephemeral key that agrees on nothing: message 1 of XX has no agreement that would show it. */
  override recv(message: Uint8Array): Uint8Array {
    const payload = super.recv(message);
    if (this.re !== null && hasSmallOrder(this.re)) throw new Error('the ephemeral key has small order');
    return payload;
  }

  // The library's own HKDF takes twice as long, and leaves agreements and used keys behind.

  override mixKey(remote: Uint8Array, local: ExchangeKeys): void {
    const { curve } = this;
    if (curve === null) throw new Error('the handshake is over');
    const agreement = curve.dh(remote, local);
    this.mixKeyNormal(agreement);
    wipe(agreement);
  }

  override mixKeyNormal(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, key] = hkdf2(this.#chainingKeyInUse(), inputKeyMaterial);
    this.#goOnWith(chainingKey, key);
  }

  override mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [chainingKey, hashed, key] = hkdf3(this.#chainingKeyInUse(), inputKeyMaterial);
    this.mixHash(hashed);
    this.#goOnWith(chainingKey, key);
  }

  override split(): readonly [Uint8Array, Uint8Array] {
    const [first, second] = hkdf2(this.#chainingKeyInUse(), NOTHING);
    return [keyOf(first), keyOf(second)];
  }

  /** Shares nothing that either of the two overwrites. */
  copy(): CopyableState {
    const copy = new CopyableState(this.pattern, this.initiator, this.s, this.psk === null ? {} : { psk: this.psk });
    copy.e = this.e && { publicKey: Uint8Array.from(this.e.publicKey), secretKey: Uint8Array.from(this.e.secretKey) };
    copy.re = copyOf(this.re);
    copy.rs = copyOf(this.rs);
    copy.key = copyOf(this.key);
    copy.nonce = this.nonce;
    copy.digest = copyOf(this.digest);
    copy.chainingKey = copyOf(this.chainingKey);
    copy.tx = copyOf(this.tx);
    copy.rx = copyOf(this.rx);
    copy.handshake = [...this.handshake];
    if (this.#agreements.length > 0) copy.#use(this.#agreements.map((agreement) => Uint8Array.from(agreement)));
    return copy;
  }

  /**
   * A responder's state after message 1 and the agreements that message 2 takes, with `rest` behind them: all that is left to do for it costs hashes.
   * This state is wiped.
   */
  pack(rest: Uint8Array): Uint8Array {
    const [firstAgreement, secondAgreement] = this.#agreementsOfAnswer();
    const parts: Record<Part, Uint8Array | null | undefined> = {
      ephemeralSecret: this.e?.secretKey,
      ephemeralPublic: this.e?.publicKey,
      remoteEphemeral: this.re,
      remoteStatic: this.rs,
      key: this.key,
      digest: this.digest,
      chainingKey: this.chainingKey,
      firstAgreement,
      secondAgreement,
    };
    const headBytes = PARTS.reduce((sum, part) => sum + PACKED_BYTES[part], 0);
    const packed = new Uint8Array(headBytes + rest.length);
    let at = 0;
    for (const part of PARTS) {
      packed.set(parts[part] ?? [], at);
      at += PACKED_BYTES[part];
    }
    packed.set(rest, headBytes);
    wipe(firstAgreement, secondAgreement);
    this.wipe();
    return packed;
  }

  wipe(): void {
    const secrets = [this.e?.secretKey, this.key, this.chainingKey, this.tx, this.rx, this.#packed, ...this.#agreements];
    for (const secret of secrets) if (secret) wipe(secret);
    this.#agreements = [];
    this.tx = null;
    this.rx = null;
    this.handshake = [];
  }

  /** What message 2 agrees on: ee, then se in IK and es in XX. */
  #agreementsOfAnswer(): readonly [Uint8Array, Uint8Array] {
    const { curve, e, re, rs, s } = this;
    if (curve === null || e === null || re === null) throw new Error('not after message 1');
    return [curve.dh(re, e), rs === null ? curve.dh(re, s) : curve.dh(rs, e)];
  }

  #chainingKeyInUse(): Uint8Array {
    if (this.chainingKey === null) throw new Error('the handshake has not begun, or is over');
    return this.chainingKey;
  }

  /** Overwrites what was in use. */
  #goOnWith(chainingKey: Uint8Array, key: Uint8Array): void {
    if (this.chainingKey !== null) wipe(this.chainingKey);
    if (this.key !== null) wipe(this.key);
    this.chainingKey = chainingKey;
    this.initialiseKey(keyOf(key));
  }

  #use(agreements: Uint8Array[]): void {
    const { curve } = this;
    if (curve === null) throw new Error('the handshake is over');
    this.#agreements = agreements;
    this.curve = { ...curve, dh: (remote, local) => this.#agreements.shift() ?? curve.dh(remote, local) };
  }
}

/** The head of a hash; what is behind it is overwritten. */
function keyOf(hash: Uint8Array): Uint8Array {
  wipe(hash.subarray(KEY_BYTES));
  return hash.subarray(0, KEY_BYTES);
}

function copyOf(bytes: Uint8Array | null): Uint8Array | null {
  return bytes && Uint8Array.from(bytes);
}
