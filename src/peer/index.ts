/** What the node uses of peers. */

export { safely } from '../errors/safely.js';
export { Answering } from './answering.js';
export type { Association } from './association.js';
export { closeNumber, nodeClosed } from './closing-errors.js';
export type { Calling, PeerContext } from './context.js';
export { Deadline } from './deadline.js';
export { stillClosing } from './dial-errors.js';
export { JoinTable } from './join-table.js';
export type { MeshPeer } from './mesh-peer.js';
export { streamOf } from './peer-stream.js';
export { PeerTable } from './peer-table.js';
