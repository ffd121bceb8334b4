import { invalidOption, osierError } from '../errors/index.js';
import { formatKeyFile, parseKeyFile } from './key-file.js';
import { createKeyFile, KeyFileMissing, readKeyFile } from './key-storage.js';
import { type NodeId, nodeIdOf, parseNodeId } from './node-id.js';
import { type SigningLabel, signedMessage } from './signing.js';
import { exchangePublicKeyOfSecret, exchangeSecretKeyOf, randomFill, signDetached, signingKeysOfSeed, wipe } from './sodium.js';
import { STATEMENT_LABEL, statementBody } from './statement.js';

/** A key pair. The private key stays inside. */
export interface Identity {
  readonly id: NodeId;
  /** Writes the key file, readable by its owner only. Errors: BAD_IDENTITY, also when the file exists. */
  save(path: string | URL): Promise<void>;
  /** A statement that ends this id everywhere, for {@link MeshNode.reload}. It cannot be taken back. */
  revoke(): Uint8Array;
  /** The same, naming the id that takes over. Errors: BAD_ID. */
  succeedBy(id: string): Uint8Array;
}

/** An X25519 key pair, for the handshake. */
export interface ExchangeKeys {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Makes a new identity, in memory only. */
export async function generateIdentity(): Promise<Identity> {
  const seed = new Uint8Array(32);
  randomFill(seed);
  return new KeyPairIdentity(seed);
}

/** Reads a key file; `ifMissing: 'create'` (default 'fail') makes it first. Errors: BAD_IDENTITY. */
export async function loadIdentity(path: string | URL, options?: { ifMissing?: 'fail' | 'create' | undefined }): Promise<Identity> {
  const ifMissing = options?.ifMissing ?? 'fail';
  if (ifMissing !== 'fail' && ifMissing !== 'create') throw invalidOption('ifMissing', "must be 'fail' or 'create'");
  try {
    return await identityOfFile(path);
  } catch (error) {
    if (!(error instanceof KeyFileMissing)) throw error;
    if (ifMissing === 'fail') throw error.asOsierError();
  }
  return createdIdentity(path);
}

/** The identity of a seed of 32 bytes, which it takes over. Who knows the seed is that node. */
export function identityOfSeed(seed: Uint8Array): Identity {
  return new KeyPairIdentity(seed);
}

/** Whether `value` is an identity of this copy of the package: one whose keys {@link exchangeKeysOf} finds. */
export function isIdentity(value: unknown): value is Identity {
  return value instanceof KeyPairIdentity;
}

/** The keys by which an identity shakes hands; they belong to the identity and must not be overwritten. Errors (thrown): INVALID_OPTION. */
export let exchangeKeysOf: (identity: Identity) => ExchangeKeys;

/** The seed of an identity, for another thread of this process: who knows it is that node. Errors (thrown): INVALID_OPTION. */
export let seedOf: (identity: Identity) => Uint8Array;

/** `body` and, behind it, the signature of the identity over `label` and `body`. Errors (thrown): INVALID_OPTION. */
export let signedBy: (identity: Identity, label: SigningLabel, body: Uint8Array) => Uint8Array;

class KeyPairIdentity implements Identity {
  readonly id: NodeId;
  readonly #seed: Uint8Array;
  readonly #exchangeKeys: ExchangeKeys;

  static {
    exchangeKeysOf = (identity) => own(identity).#exchangeKeys;
    seedOf = (identity) => own(identity).#seed;
    signedBy = (identity, label, body) => own(identity).#signed(label, body);
  }

  /** Takes over `seed`, 32 bytes. */
  constructor(seed: Uint8Array) {
    const { publicKey, secretKey } = signingKeysOfSeed(seed);
    const exchangeSecretKey = exchangeSecretKeyOf(secretKey);
    wipe(secretKey);
    // The key of a seed is always usable.
    this.id = nodeIdOf(publicKey);
    this.#seed = seed;
    this.#exchangeKeys = { publicKey: exchangePublicKeyOfSecret(exchangeSecretKey), secretKey: exchangeSecretKey };
  }

  async save(path: string | URL): Promise<void> {
    const created = await createKeyFile(path, formatKeyFile(this.id, this.#seed));
    if (created === 'exists') {
      const message = `The key file '${path}' exists already and was not touched: choose another path, or move it away first.`;
      throw osierError('ERR_OSIER_BAD_IDENTITY', message, { path: String(path) });
    }
  }

  revoke(): Uint8Array {
    return this.#signed(STATEMENT_LABEL, statementBody(this.id, null));
  }

  succeedBy(id: string): Uint8Array {
    const successor = parseNodeId(id);
    if (successor === this.id) throw osierError('ERR_OSIER_BAD_ID', `${id} is this identity itself: name the one that takes over.`, { input: id });
    return this.#signed(STATEMENT_LABEL, statementBody(this.id, successor));
  }

  #signed(label: SigningLabel, body: Uint8Array): Uint8Array {
    const { secretKey } = signingKeysOfSeed(this.#seed);
    try {
      // Not in the memory that Buffer shares out: it goes to the application.
      return Uint8Array.from(Buffer.concat([body, signDetached(signedMessage(label, body), secretKey)]));
    } finally {
      wipe(secretKey);
    }
  }
}

function own(identity: Identity): KeyPairIdentity {
  if (!(identity instanceof KeyPairIdentity)) throw invalidOption('identity', 'must come from generateIdentity() or loadIdentity()');
  return identity;
}

async function identityOfFile(path: string | URL): Promise<Identity> {
  const text = await readKeyFile(path);
  const key = parseKeyFile(text);
  if (key === null) throw damaged(path);
  const identity = new KeyPairIdentity(key.seed);
  if (identity.id !== key.id) throw damaged(path);
  return identity;
}

/** Makes the file, or reads the one that another process made meanwhile. */
async function createdIdentity(path: string | URL): Promise<Identity> {
  const seed = new Uint8Array(32);
  randomFill(seed);
  const identity = new KeyPairIdentity(seed);
  if ((await createKeyFile(path, formatKeyFile(identity.id, seed))) === 'created') return identity;
  try {
    return await identityOfFile(path);
  } catch (error) {
    throw error instanceof KeyFileMissing ? error.asOsierError() : error;
  }
}

function damaged(path: string | URL): Error {
  const message = `The key file '${path}' is damaged or is not a key file: restore it from a backup. A new key would be another id.`;
  return osierError('ERR_OSIER_BAD_IDENTITY', message, { path: String(path) });
}
