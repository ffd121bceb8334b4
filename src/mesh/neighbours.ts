import { compareNodeIds, type NodeId, routeIdOfNodeId } from '../identity/index.js';
import { type Association, directPathOf, isRelayed, type MeshPeer, type PeerContext } from '../peer/index.js';
import { ControlSession } from './control/control-session.js';
import { type ControlMessage, encodeControl } from './control/messages.js';
import { type RouteKey, routeKey } from './routing/index.js';

/** A node with a direct path to this one, and the control session with it. */
export interface Neighbour {
  readonly key: RouteKey;
  readonly id: NodeId;
  readonly peer: MeshPeer;
  readonly association: Association;
  readonly session: ControlSession;
}

/** What happens with neighbours. */
export interface NeighboursListener {
  /** The neighbour hears this node: it is to be told everything. */
  onUp(neighbour: Neighbour): void;
  /** What it told holds no longer; it may be back with another stream. */
  onDown(neighbour: Neighbour): void;
  onMessage(neighbour: Neighbour, message: ControlMessage): void;
  /** It has what it was sent. */
  onDrained(neighbour: Neighbour): void;
}

/**
 * The neighbours with which this node has a control session: a relay with every node that it has a direct path to, another node with the relays among
 * those. Of two relays the one with the smaller id opens the stream; neither knows of the other before.
 */
export class Neighbours {
  readonly #context: PeerContext;
  readonly #isRelay: boolean;
  readonly #listener: NeighboursListener;
  readonly #byKey = new Map<RouteKey, Neighbour>();
  /** Where each was last told that it is seen. */
  readonly #observed = new WeakMap<ControlSession, string>();

  constructor(context: PeerContext, isRelay: boolean, listener: NeighboursListener) {
    this.#context = context;
    this.#isRelay = isRelay;
    this.#listener = listener;
  }

  /** Those that hear this node at present. */
  *open(): IterableIterator<Neighbour> {
    for (const neighbour of this.#byKey.values()) if (neighbour.session.isOpen) yield neighbour;
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  get(key: RouteKey): Neighbour | undefined {
    return this.#byKey.get(key);
  }

  /** The neighbour of an association, where there is one. */
  of(peer: MeshPeer): Neighbour | undefined {
    return this.#byKey.get(routeKey(routeIdOfNodeId(peer.id)));
  }

  /** The peer has this association, or its packets go another way: it is a neighbour only while they go directly. */
  onPath(peer: MeshPeer, association: Association): void {
    const record = this.#context.engine.associationPath(association.handle);
    if (record === null || isRelayed(record)) this.remove(peer);
    else if (this.#isRelay) {
      const { session } = this.#obtain(peer, association);
      session.begin();
      // Its address may be another.
      if (session.isOpen && this.#sayHello(session, association)) session.pump();
    }
  }

  /** A neighbour opened a control stream. False: it is none. */
  accept(peer: MeshPeer, association: Association, handle: number): boolean {
    const record = this.#context.engine.associationPath(association.handle);
    if (record === null || isRelayed(record)) return false;
    this.#obtain(peer, association).session.accept(handle);
    return true;
  }

  /** The association is gone, or leads through others. */
  remove(peer: MeshPeer): void {
    const neighbour = this.of(peer);
    if (neighbour === undefined) return;
    this.#byKey.delete(neighbour.key);
    const wasOpen = neighbour.session.isOpen;
    neighbour.session.end();
    if (wasOpen) this.#listener.onDown(neighbour);
  }

  close(): void {
    for (const { session } of this.#byKey.values()) session.end();
    this.#byKey.clear();
  }

  #obtain(peer: MeshPeer, association: Association): Neighbour {
    const present = this.of(peer);
    if (present?.association === association) return present;
    if (present !== undefined) this.remove(peer);
    const opens = !this.#isRelay ? 'no' : compareNodeIds(this.#context.id, peer.id) < 0 ? 'over-theirs' : 'yes';
    const session: ControlSession = new ControlSession(this.#context, association, opens, {
      onBegun: () => {
        this.#observed.delete(session);
        this.#sayHello(session, association);
        this.#listener.onUp(neighbour);
      },
      onMessage: (message) => this.#listener.onMessage(neighbour, message),
      onDrained: () => this.#listener.onDrained(neighbour),
      onEnded: (fault) => {
        if (fault !== null)
          this.#context.log('warn', { peer: peer.id, cause: String(fault) }, 'A neighbour broke a rule of the control stream, which was ended.');
        this.#listener.onDown(neighbour);
      },
    });
    const neighbour: Neighbour = { key: routeKey(routeIdOfNodeId(peer.id)), id: peer.id, peer, association, session };
    this.#byKey.set(neighbour.key, neighbour);
    return neighbour;
  }

  /** Tells where the neighbour is seen. False: it was told so already. */
  #sayHello(session: ControlSession, { handle }: Association): boolean {
    const record = this.#context.engine.associationPath(handle);
    const observed = record === null || isRelayed(record) ? null : directPathOf(record, this.#context.sockets).remote;
    const text = observed === null ? '' : `${observed.host} ${observed.port}`;
    if (this.#observed.get(session) === text) return false;
    this.#observed.set(session, text);
    session.outgoing.hello(encodeControl({ type: 'hello', isRelay: this.#isRelay, observed }));
    return true;
  }
}
