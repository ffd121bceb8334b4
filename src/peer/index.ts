/** What the node uses of peers. */
export { Answering } from './answering.js';
export type { Association } from './association.js';
export { closeNumber, nodeClosed } from './closing-errors.js';
export type { Calling, PeerContext } from './context.js';
export { JoinTable } from './join-table.js';
export type { MeshPeer } from './mesh-peer.js';
export { BYTES_KIND } from './open-stream.js';
export { PeerTable } from './peer-table.js';
export { safely } from './safely.js';
