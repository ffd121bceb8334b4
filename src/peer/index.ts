/** What the node uses of peers. */

export { safely } from '../errors/safely.js';
export { Answering } from './answering.js';
export type { Association } from './association.js';
export { closeNumber, nodeClosed } from './closing-errors.js';
export type { PeerContext } from './context.js';
export type { Dial } from './dial.js';
export type { MeshPeer } from './mesh-peer.js';
export { streamOf } from './peer-stream.js';
export { PeerTable } from './peer-table.js';
