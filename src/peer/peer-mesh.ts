import type { PathRecord } from '../engine/engine.js';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { Association } from './association.js';
import type { MeshPeer } from './mesh-peer.js';
import type { RouteNames } from './path-record.js';

/** What the peers of a node use of its mesh, and tell it. */
export interface PeerMesh extends RouteNames {
  /** `association` is the peer's from now on. */
  onEstablished(peer: MeshPeer, association: Association): void;
  /** Its packets go another way: the peer's address is another, or it was moved. */
  onMoved(peer: MeshPeer, association: Association): void;
  /** The peer has no association any more. */
  onLost(peer: MeshPeer): void;
  /** Somebody begins to use the peer, which is connected. */
  onUse(peer: MeshPeer): void;
  /** Somebody asks for a peer to which no way is known. False: nobody could tell this node of one. */
  seek(id: NodeId): boolean;
  /** Where the node says that it is. */
  hostsOf(id: NodeId): readonly HostAndPort[];
  /** The path through the neighbour that leads there at present, or through `waypoint`; `null`: none does. */
  relayedPath(id: NodeId, waypoint: NodeId | null): PathRecord | null;
}
