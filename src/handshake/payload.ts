/** What the two ends tell one another under seal. The bytes of each field are in docs/handshake.md. */
import { type NodeId, nodeIdOf, PUBLIC_KEY_BYTES, publicKeyOfNodeId } from '../identity/index.js';
import { listBytes, varintBytes } from './bounded-bytes.js';
import { HandshakeFault } from './fault.js';
import { decodeFields, encodeFields, type Field } from './fields.js';
import { bigUint64, uint32, uint64s } from './integers.js';
import { CIPHER_NUMBERS, type Cipher, cipherOfNumber } from './keys.js';
import { CIPHERS_MAX, INSTANCE_BYTES, VARINT_MAX, VERSIONS_MAX } from './protocol.js';

/** What a peer may be sent before its first grants: bytes of all streams, bytes of each stream, streams. Above 2^53 - 1 it is that. */
export interface InitialCredit {
  readonly maxData: number;
  readonly maxStreamData: number;
  readonly maxStreams: number;
}

/** What both messages tell of their sender. */
export interface Introduction {
  /** As the sender claims: its key may be another one, or unusable. */ readonly id: NodeId;
  /** One run of the sender's node; 32 hex digits. */ readonly instance: string;
  /** The sender's name for its state towards the other end; 16 hex digits. */ readonly token: string;
  /** Repeats what the packet says in clear. */ readonly senderIndex: number;
  /** Best first. */ readonly versions: readonly number[];
  /** One bit each; those that a receiver does not know say nothing to it. */ readonly features: number;
  /** The sender's packets under the new keys begin here or later. */ readonly firstPacketNumber: bigint;
  readonly credit: InitialCredit;
}

/** The payload of message 1. */
export interface Request extends Introduction {
  /** Microseconds since 1970; larger in every message 1 of one run of a node. */ readonly timestampMicros: bigint;
  /** What data packets may be sealed with, best first; unknown ones left out. */ readonly ciphers: readonly Cipher[];
}

/** The payload of the first message of a join. Every member of the network can read it, so it names nobody. */
export interface Greeting {
  /** Repeats what the packet says in clear. */ readonly senderIndex: number;
  /** Best first. */ readonly versions: readonly number[];
  readonly features: number;
  /** As in a {@link Request}. */ readonly ciphers: readonly Cipher[];
}

/** Why the responder makes no session. */
export type Refusal = 'policy' | 'limit' | 'shutdown' | 'version' | 'cipher';

/** The payload of message 2. */
export type Answer =
  | ({ readonly kind: 'accepted'; readonly cipher: Cipher } & Introduction)
  | { readonly kind: 'refused'; readonly id: NodeId; readonly versions: readonly number[]; readonly refusal: Refusal };

const FieldType = {
  id: 1,
  instance: 2,
  token: 3,
  timestamp: 4,
  senderIndex: 5,
  versions: 6,
  features: 7,
  ciphers: 8,
  firstPacketNumber: 9,
  credit: 10,
  refusal: 11,
} as const;

const KNOWN: ReadonlySet<number> = new Set(Object.values(FieldType));

const REFUSALS: readonly (Refusal | null)[] = [null, 'policy', 'limit', 'shutdown', 'version', 'cipher'];

const TOKEN_BYTES = 8;
const LARGEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** The payload of message 1, padded to `paddedBytes`. */
export function encodeRequest(request: Request, paddedBytes: number): Uint8Array {
  return encodeFields(
    [...introductionFields(request), [FieldType.timestamp, uint64s(request.timestampMicros)], [FieldType.ciphers, cipherBytes(request.ciphers)]],
    paddedBytes,
  );
}

/** Throws {@link HandshakeFault}. */
export function decodeRequest(payload: Uint8Array): Request {
  const fields = new Fields(payload);
  return {
    ...introductionOf(fields),
    timestampMicros: bigUint64(fields.exactly(FieldType.timestamp, 8)),
    ciphers: ciphersOf(fields),
  };
}

/** The payload of message 1 of a join, padded to `paddedBytes`. */
export function encodeGreeting({ senderIndex, versions, features, ciphers }: Greeting, paddedBytes: number): Uint8Array {
  return encodeFields(
    [
      [FieldType.senderIndex, uint32(senderIndex)],
      [FieldType.versions, listBytes(versions, VERSIONS_MAX)],
      [FieldType.features, uint32(features)],
      [FieldType.ciphers, cipherBytes(ciphers)],
    ],
    paddedBytes,
  );
}

/** Throws {@link HandshakeFault}. */
export function decodeGreeting(payload: Uint8Array): Greeting {
  const fields = new Fields(payload);
  return {
    senderIndex: uint32Of(fields, FieldType.senderIndex),
    versions: versionsOf(fields),
    features: uint32Of(fields, FieldType.features),
    ciphers: ciphersOf(fields),
  };
}

/** The payload of message 3 of a join. */
export function encodeIntroduction(introduction: Introduction): Uint8Array {
  return encodeFields(introductionFields(introduction));
}

/** Throws {@link HandshakeFault}. */
export function decodeIntroduction(payload: Uint8Array): Introduction {
  return introductionOf(new Fields(payload));
}

/** The payload of message 2. */
export function encodeAnswer(answer: Answer): Uint8Array {
  if (answer.kind === 'accepted') {
    return encodeFields([...introductionFields(answer), [FieldType.ciphers, Uint8Array.of(CIPHER_NUMBERS[answer.cipher])]]);
  }
  return encodeFields([
    [FieldType.id, publicKeyOfNodeId(answer.id)],
    [FieldType.versions, listBytes(answer.versions, VERSIONS_MAX)],
    [FieldType.refusal, Uint8Array.of(REFUSALS.indexOf(answer.refusal))],
  ]);
}

/** Throws {@link HandshakeFault}. */
export function decodeAnswer(payload: Uint8Array): Answer {
  const fields = new Fields(payload);
  if (fields.has(FieldType.refusal)) {
    return { kind: 'refused', id: idOf(fields), versions: versionsOf(fields), refusal: refusalOf(fields) };
  }
  const [chosen = -1] = fields.exactly(FieldType.ciphers, 1);
  const cipher = cipherOfNumber(chosen);
  if (cipher === null) throw new HandshakeFault('malformed', `The answer chose cipher ${chosen}`);
  return { kind: 'accepted', cipher, ...introductionOf(fields) };
}

function introductionFields(sender: Introduction): Field[] {
  const { maxData, maxStreamData, maxStreams } = sender.credit;
  return [
    [FieldType.id, publicKeyOfNodeId(sender.id)],
    [FieldType.instance, Buffer.from(sender.instance, 'hex')],
    [FieldType.token, Buffer.from(sender.token, 'hex')],
    [FieldType.senderIndex, uint32(sender.senderIndex)],
    [FieldType.versions, listBytes(sender.versions, VERSIONS_MAX)],
    [FieldType.features, uint32(sender.features)],
    [FieldType.firstPacketNumber, varintBytes(sender.firstPacketNumber)],
    [FieldType.credit, varintBytes(BigInt(maxData), BigInt(maxStreamData), BigInt(maxStreams))],
  ];
}

function introductionOf(fields: Fields): Introduction {
  const credit = fields.exactly(FieldType.credit, 24);
  return {
    id: idOf(fields),
    instance: hexOf(fields.exactly(FieldType.instance, INSTANCE_BYTES)),
    token: hexOf(fields.exactly(FieldType.token, TOKEN_BYTES)),
    senderIndex: uint32Of(fields, FieldType.senderIndex),
    versions: versionsOf(fields),
    features: uint32Of(fields, FieldType.features),
    firstPacketNumber: varintRange(bigUint64(fields.exactly(FieldType.firstPacketNumber, 8))),
    credit: { maxData: creditAt(credit, 0), maxStreamData: creditAt(credit, 8), maxStreams: creditAt(credit, 16) },
  };
}

function idOf(fields: Fields): NodeId {
  return nodeIdOf(fields.exactly(FieldType.id, PUBLIC_KEY_BYTES));
}

function versionsOf(fields: Fields): readonly number[] {
  const versions = [...fields.upTo(FieldType.versions, VERSIONS_MAX)];
  if (versions.length === 0 || versions.includes(0)) throw new HandshakeFault('malformed', 'The list of versions is empty or holds a 0');
  return versions;
}

function cipherBytes(ciphers: readonly Cipher[]): Uint8Array {
  return listBytes(
    ciphers.map((cipher) => CIPHER_NUMBERS[cipher]),
    CIPHERS_MAX,
  );
}

function ciphersOf(fields: Fields): readonly Cipher[] {
  return [...fields.upTo(FieldType.ciphers, CIPHERS_MAX)].map(cipherOfNumber).filter((cipher) => cipher !== null);
}

function uint32Of(fields: Fields, type: number): number {
  return viewOf(fields.exactly(type, 4)).getUint32(0, true);
}

function refusalOf(fields: Fields): Refusal {
  const [number = 0] = fields.exactly(FieldType.refusal, 1);
  // A reason that this version does not know is still a refusal, by the peer's policy.
  return REFUSALS[number] ?? 'policy';
}

function creditAt(bytes: Uint8Array, offset: number): number {
  const value = varintRange(bigUint64(bytes, offset));
  return Number(value > LARGEST_EXACT ? LARGEST_EXACT : value);
}

function varintRange(value: bigint): bigint {
  if (value > VARINT_MAX) throw new HandshakeFault('malformed', `The number ${value} is above 2^62 - 1`);
  return value;
}

/** The fields of one payload, each checked for its length as it is taken. */
class Fields {
  readonly #fields: ReadonlyMap<number, Uint8Array>;

  constructor(payload: Uint8Array) {
    this.#fields = decodeFields(payload, KNOWN);
  }

  has(type: number): boolean {
    return this.#fields.has(type);
  }

  exactly(type: number, byteCount: number): Uint8Array {
    const bytes = this.upTo(type, byteCount);
    if (bytes.length !== byteCount) throw new HandshakeFault('malformed', `Field ${type} has ${bytes.length} bytes, not ${byteCount}`);
    return bytes;
  }

  upTo(type: number, byteCountMax: number): Uint8Array {
    const bytes = this.#fields.get(type);
    if (bytes === undefined) throw new HandshakeFault('malformed', `Field ${type} is missing`);
    if (bytes.length > byteCountMax) throw new HandshakeFault('malformed', `Field ${type} has ${bytes.length} bytes, more than ${byteCountMax}`);
    return bytes;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
