/** What the node uses of peers. */

export { safely } from '../errors/safely.js';
export { Answering } from './answering.js';
export { AskedHosts } from './asked-hosts.js';
export type { Association } from './association.js';
export { type CallRouting, type FirstMessage, PlacedElsewhere } from './call-routing.js';
export { closeNumber, nodeClosed, peerClosed, revoked } from './closing-errors.js';
export type { Calling, PeerContext } from './context.js';
export { countdown, Deadline, WAIT_TIMEOUT_MS } from './deadline.js';
export { stillClosing, timedOut, tooSlow, unreachable } from './dial-errors.js';
export { JoinTable } from './join-table.js';
export type { MeshPeer } from './mesh-peer.js';
export { type OpenRequest, parseOpenOptions } from './open-stream.js';
export { directPathOf, isRelayed, sameRemote, socketOf } from './path-record.js';
export type { PeerMesh } from './peer-mesh.js';
export { type PeerStream, type StreamShape, streamOf } from './peer-stream.js';
export { PeerTable } from './peer-table.js';
export { type Pin, PinTable } from './pin-table.js';
export { openTraced, type TracingContext } from './traced-open.js';
