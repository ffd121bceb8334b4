/** What the owner of a key says of its id for ever: that it is revoked, and perhaps which id takes over. docs/protocol.md has the bytes. */
import { exchangeKeyOfNodeId, type NodeId, nodeIdOf, PUBLIC_KEY_BYTES, publicKeyOfNodeId } from './node-id.js';
import { isSigned, SIGNATURE_BYTES, signingLabel } from './signing.js';
import type { SignatureMemory } from './verified-signatures.js';

/** The first byte. */
const VERSION = 1;

/** The second byte. */
const Kind = { revocation: 1, succession: 2 } as const;

const REVOCATION_BYTES = 2 + PUBLIC_KEY_BYTES + SIGNATURE_BYTES;

/** The longest statement: one that names a successor. */
export const STATEMENT_BYTES_MAX = REVOCATION_BYTES + PUBLIC_KEY_BYTES;

/** Before what is signed. */
export const STATEMENT_LABEL = signingLabel('statement');

/** A statement. */
export interface Statement {
  /** Whose key signed it, and which id it ends. */
  readonly id: NodeId;
  /** The id that takes over; `null` in a plain revocation. */
  readonly successor: NodeId | null;
}

/** The bytes before the signature. */
export function statementBody(id: NodeId, successor: NodeId | null): Uint8Array {
  const head = Uint8Array.of(VERSION, successor === null ? Kind.revocation : Kind.succession);
  return Buffer.concat([head, publicKeyOfNodeId(id), ...(successor === null ? [] : [publicKeyOfNodeId(successor)])]);
}

/** Reads the one encoding of a statement; `null` for anything else. Says nothing of the signature: see {@link isStatementSigned}. */
export function decodeStatement(bytes: Uint8Array): Statement | null {
  const [version, kind] = bytes;
  if (version !== VERSION) return null;
  const id = (): NodeId => nodeIdOf(bytes.subarray(2, 2 + PUBLIC_KEY_BYTES));
  if (kind === Kind.revocation) return bytes.length === REVOCATION_BYTES ? { id: id(), successor: null } : null;
  if (kind !== Kind.succession || bytes.length !== STATEMENT_BYTES_MAX) return null;
  const successor = usableId(nodeIdOf(bytes.subarray(2 + PUBLIC_KEY_BYTES, 2 + 2 * PUBLIC_KEY_BYTES)));
  return successor === null || successor === id() ? null : { id: id(), successor };
}

/** Whether a statement that was decoded from `bytes` is signed by the key that it speaks of. */
export function isStatementSigned({ id }: Statement, bytes: Uint8Array, verified?: SignatureMemory): boolean {
  return isSigned(STATEMENT_LABEL, bytes, publicKeyOfNodeId(id), verified);
}

/** Nobody could connect to one whose key does not convert. */
function usableId(id: NodeId): NodeId | null {
  try {
    exchangeKeyOfNodeId(id);
    return id;
  } catch {
    return null;
  }
}
