/** The part of `noise-handshake` 4.2 that is used. Its fields are public and hold the state of the Noise specification §5 under these names. */
declare module 'noise-handshake' {
  interface KeyPair {
    publicKey: Uint8Array;
    secretKey: Uint8Array;
  }
  interface Curve {
    readonly PKLEN: number;
    readonly ALG: string;
    /** What the two keys agree on. */ dh(publicKey: Uint8Array, keyPair: KeyPair): Uint8Array;
  }
  class NoiseState {
    constructor(pattern: 'IK' | 'XXpsk0', initiator: boolean, staticKeypair: KeyPair, options: { psk?: Uint8Array });
    readonly pattern: 'IK' | 'XXpsk0';
    readonly initiator: boolean;
    /** The local static key. */ readonly s: KeyPair;
    readonly psk: Uint8Array | null;
    /** `null` after the last message. */ curve: Curve | null;
    /** The local ephemeral; `send` draws one where there is none. */ e: KeyPair | null;
    /** The remote ephemeral. */ re: Uint8Array | null;
    /** The remote static key. */ rs: Uint8Array | null;
    /** The key of CipherState. */ key: Uint8Array | null;
    /** n of CipherState. */ nonce: number;
    /** h of SymmetricState. */ digest: Uint8Array | null;
    chainingKey: Uint8Array | null;
    /** Messages still to come. */ handshake: unknown[];
    complete: boolean;
    /** After the last message: the first 32 bytes of each output of Split(), by direction. */ tx: Uint8Array | null;
    rx: Uint8Array | null;
    /** h after the last message. */ hash: Uint8Array | null;
    initialise(prologue: Uint8Array, remoteStatic?: Uint8Array): void;
    send(payload: Uint8Array): Uint8Array;
    recv(message: Uint8Array): Uint8Array;
    // Functions of the specification's SymmetricState and CipherState. Of an agreement between the two keys:
    mixKey(remote: Uint8Array, local: KeyPair): void;
    /** MixKey. */ mixKeyNormal(inputKeyMaterial: Uint8Array): void;
    mixKeyAndHash(inputKeyMaterial: Uint8Array): void;
    mixHash(data: Uint8Array): void;
    initialiseKey(key: Uint8Array): void;
    /** The first 32 bytes of each output. */ split(): readonly [Uint8Array, Uint8Array];
  }
  export = NoiseState;
}
