import type { ReloadOptions } from '../api/node.js';
import { invalidOption, osierError } from '../errors/index.js';
import { bytesOption, optionsObject, stringListOption } from '../errors/option-checks.js';
import { decodeStatement, isStatementSigned, type NodeAddress, parseAddress } from '../identity/index.js';
import { networkOption, type ParsedNetwork } from './options.js';

/** Changes after their checks; `null` is what stays. */
export interface ParsedReload {
  readonly network: ParsedNetwork | null;
  readonly peers: readonly NodeAddress[] | null;
  /** Each is good. */ readonly statements: readonly Uint8Array[];
}

/** Checks everything that can be checked without I/O. Throws INVALID_OPTION, BAD_ADDRESS, BAD_ID, BAD_STATEMENT. */
export function parseReload(changes: ReloadOptions): ParsedReload {
  const { network, peers, statements } = optionsObject('changes', changes);
  return {
    network: network === undefined ? null : networkOption(network),
    peers: peers === undefined ? null : stringListOption('peers', peers).map(parseAddress),
    statements: statementsOption(statements),
  };
}

function statementsOption(statements: ReloadOptions['statements']): Uint8Array[] {
  if (statements === undefined) return [];
  if (!Array.isArray(statements)) throw invalidOption('statements', 'must be a list of Uint8Array');
  return statements.map((value: unknown, index) => {
    const bytes = bytesOption('statements', value).slice();
    const statement = decodeStatement(bytes);
    if (statement !== null && isStatementSigned(statement, bytes)) return bytes;
    const message =
      `Statement ${index} is ${statement === null ? 'damaged' : `not signed by the key of ${statement.id}, of which it speaks`}: ` +
      'give the bytes as revoke() or succeedBy() returned them.';
    throw osierError('ERR_OSIER_BAD_STATEMENT', message, { index });
  });
}
