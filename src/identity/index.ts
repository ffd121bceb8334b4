/** Who a node is, how it is addressed, and what admits it to a network. */
export { formatAddress, formatHost, type HostAndPort, type NodeAddress, parseAddress, parseHostAndPort } from './address.js';
export {
  type ExchangeKeys,
  exchangeKeysOf,
  generateIdentity,
  type Identity,
  identityOfSeed,
  isIdentity,
  loadIdentity,
  seedOf,
  signedBy,
} from './identity.js';
export { ipBytes, ipText, isLinkLocal, isMapped, isUnicast } from './ip-address.js';
export { formatNetworkSecret, generateNetworkSecret, NETWORK_SECRET_BYTES, parseNetworkSecret } from './network-secret.js';
export {
  compareNodeIds,
  exchangeKeyOfCalled,
  exchangeKeyOfNodeId,
  type NodeId,
  nodeIdOf,
  PUBLIC_KEY_BYTES,
  parseNodeId,
  publicKeyOfNodeId,
  ROUTE_ID_BYTES,
  routeIdOfNodeId,
} from './node-id.js';
export { stretchPassphrase } from './passphrase.js';
export { isSigned, SIGNATURE_BYTES, type SigningLabel, signedMessage, signingLabel } from './signing.js';
export { decodeStatement, isStatementSigned, STATEMENT_BYTES_MAX, type Statement } from './statement.js';
export { type SignatureMemory, signedKey, VerifiedSignatures } from './verified-signatures.js';
