import type { PathRecord } from '../../engine/engine.js';
import type { Association, MeshPeer, PeerContext } from '../../peer/index.js';
import type { OwnCandidates } from './candidate-rules.js';
import { Traversal } from './traversal.js';

/** The search for direct ways to all peers whose packets go, or went, through others. */
export class DirectWays {
  readonly #context: PeerContext;
  readonly #own: OwnCandidates;
  readonly #byPeer = new Map<MeshPeer, Traversal>();

  constructor(context: PeerContext, own: OwnCandidates) {
    this.#context = context;
    this.#own = own;
  }

  /** The peer has this association, or its packets go another way. */
  onPath(peer: MeshPeer, association: Association): void {
    if (!this.#byPeer.has(peer) && !peer.isRelayed) return;
    this.#obtain(peer, association).onPath();
  }

  onLost(peer: MeshPeer): void {
    this.#byPeer.get(peer)?.end();
    this.#byPeer.delete(peer);
  }

  /** This node has other addresses, or routers between it and others are of another class. */
  onAddresses(): void {
    for (const traversal of this.#byPeer.values()) traversal.onAddresses();
  }

  /** The peer opened its stream. */
  accept(peer: MeshPeer, association: Association, handle: number): void {
    this.#obtain(peer, association).accept(handle);
  }

  onDirectArrival(peer: MeshPeer, path: PathRecord): void {
    this.#byPeer.get(peer)?.onDirectArrival(path);
  }

  onPathProbed(peer: MeshPeer, token: number, rttMicros: number | null): void {
    this.#byPeer.get(peer)?.onPathProbed(token, rttMicros);
  }

  close(): void {
    for (const traversal of this.#byPeer.values()) traversal.end();
    this.#byPeer.clear();
  }

  #obtain(peer: MeshPeer, association: Association): Traversal {
    const present = this.#byPeer.get(peer);
    if (present?.association === association) return present;
    present?.end();
    const traversal = new Traversal(this.#context, peer, association, this.#own);
    this.#byPeer.set(peer, traversal);
    return traversal;
  }
}
