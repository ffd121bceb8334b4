import type { ReloadOptions } from '../api/node.js';
import { optionsObject, stringListOption } from '../errors/option-checks.js';
import { type NodeAddress, parseAddress } from '../identity/index.js';
import { networkOption, type ParsedNetwork } from './options.js';
import { refuseUnsupported } from './unsupported-options.js';

/** Changes after their checks; `null` is what stays. */
export interface ParsedReload {
  readonly network: ParsedNetwork | null;
  readonly peers: readonly NodeAddress[] | null;
}

/** Checks everything that can be checked without I/O. Throws INVALID_OPTION, BAD_ADDRESS, BAD_ID. */
export function parseReload(changes: ReloadOptions): ParsedReload {
  const { network, peers, ...others } = optionsObject('changes', changes);
  refuseUnsupported('reload', others);
  return {
    network: network === undefined ? null : networkOption(network),
    peers: peers === undefined ? null : stringListOption('peers', peers).map(parseAddress),
  };
}
