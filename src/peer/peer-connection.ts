import { isDeepStrictEqual } from 'node:util';
import type { PeerStats } from '../api/stats.js';
import type { PathRecord } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import type { HandshakeResult } from '../handshake/index.js';
import { compareNodeIds } from '../identity/index.js';
import type { Association } from './association.js';
import { AssociationSet, type AssociationSetOwner } from './association-set.js';
import { duplicateIdentity } from './closing-errors.js';
import type { PeerContext } from './context.js';
import { Dialing } from './dialing.js';
import { InstanceHistory } from './instance-history.js';
import { KnownHosts } from './known-hosts.js';
import type { MeshPeer } from './mesh-peer.js';
import { pathOf } from './path-record.js';
import type { PeerCloseCause } from './peer-closing.js';
import { PeerStatus } from './peer-status.js';
import { RekeyTimer } from './rekey-timer.js';
import { packetsInUse, TrafficTotals } from './traffic-totals.js';

/** Who acts on a connection that comes and goes. */
export interface PeerConnectionListener {
  onConnected(association: Association): void;
  onLost(): void;
}

/**
 * The connection with one peer, through all its associations: whether there is one, where it leads, how the peer's id was verified, what was carried,
 * and when its keys are due.
 */
export class PeerConnection implements AssociationSetOwner {
  readonly associations: AssociationSet;
  readonly status: PeerStatus;
  readonly hosts = new KnownHosts();
  readonly dialing: Dialing;
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #listener: PeerConnectionListener;
  readonly #totals: TrafficTotals;
  readonly #rekeyTimer: RekeyTimer;
  readonly #instances = new InstanceHistory();
  #verified: 'id' | 'network' = 'network';
  #isAskedById = false;
  #wasMade = false;

  constructor(context: PeerContext, peer: MeshPeer, listener: PeerConnectionListener) {
    this.#context = context;
    this.#peer = peer;
    this.#listener = listener;
    this.associations = new AssociationSet(context, compareNodeIds(context.id, peer.id) < 0, this);
    this.status = new PeerStatus(peer, context.observer);
    this.dialing = new Dialing(context, peer, this.status);
    this.#totals = new TrafficTotals(context.engine);
    this.#rekeyTimer = new RekeyTimer(context.runtime, {
      packetsInUse: () => {
        const { current } = this.associations;
        return current === null ? 0 : packetsInUse(context.engine, current);
      },
      rekey: () => this.dialing.again(),
    });
  }

  get verified(): 'id' | 'network' {
    return this.#verified;
  }

  get isAskedById(): boolean {
    return this.#isAskedById;
  }

  /** There was one once. */
  get wasMade(): boolean {
    return this.#wasMade;
  }

  /** Why whoever would use it cannot know which of two nodes that would be; `null` where there is one. */
  get duplicate(): OsierError | null {
    return this.#instances.isAlternating(this.#context.runtime.clock.nowMs()) ? duplicateIdentity(this.#peer.id) : null;
  }

  get isDialing(): boolean {
    return this.#peer.isDialing;
  }

  /** See {@link MeshPeer.askById}. */
  askById(): void {
    this.#isAskedById = true;
    if (this.associations.current !== null) this.#verified = 'id';
  }

  stats(): PeerStats {
    return this.#totals.stats(this.associations.current, this.status.pathChanges);
  }

  /** For good. */
  end({ error, notice, stateError }: PeerCloseCause): void {
    this.#rekeyTimer.stop();
    this.associations.endState(error, notice);
    this.#context.onGone(this.#peer);
    this.status.enter({ status: 'closed', error: stateError });
    this.status.moveTo(null, { kind: 'disconnected', error: stateError });
  }

  // ---- from the associations ----

  onStreamOpened(association: Association, stream: number, kind: number, head: Uint8Array): void {
    this.#context.serve(this.#peer, association, stream, kind, head);
  }

  onEstablished(association: Association): void {
    const { engine, sockets, routeNames } = this.#context;
    const record = engine.associationPath(association.handle);
    const path = record === null ? null : pathOf(record, sockets, routeNames);
    if (path?.kind === 'direct') this.hosts.saw(path.remote);
    const { remoteInstance, cipher, verified } = association.facts;
    if (this.#instances.alternates(remoteInstance, this.#context.runtime.clock.nowMs())) this.#context.warn(duplicateIdentity(this.#peer.id));
    if (verified === 'id' || this.#isAskedById) this.#verified = 'id';
    this.status.enter({ status: 'connected', instance: remoteInstance, cipher });
    this.status.moveTo(path, { kind: 'connected' });
    this.#context.log('info', { peer: this.#peer.id, path }, 'A peer is connected.');
    if (!this.#wasMade) {
      this.#wasMade = true;
      this.#context.onKnown(this.#peer);
    }
    this.#listener.onConnected(association);
  }

  onKeysChanged(_association: Association, role: HandshakeResult['role']): void {
    this.#rekeyTimer.restart(role);
  }

  onPathChanged(_association: Association, record: PathRecord): void {
    const to = pathOf(record, this.#context.sockets, this.#context.routeNames);
    // It may have been told with the connection already.
    if (to === null || isDeepStrictEqual(to, this.status.path)) return;
    if (to.kind === 'direct') this.hosts.saw(to.remote);
    this.status.roamTo(to);
  }

  onEnding(association: Association): void {
    this.#totals.add(association);
  }

  onLost(_association: Association, error: OsierError): void {
    this.#rekeyTimer.stop();
    this.status.enter({ status: 'idle' });
    this.status.moveTo(null, { kind: 'disconnected', error });
    this.#context.log('info', { peer: this.#peer.id, code: error.code }, `A peer is not connected any more: ${error.message}`);
    if (this.associations.current === null) this.dialing.onStateEnded();
    this.#listener.onLost();
  }

  onResetHint(): void {
    this.dialing.onResetHint();
  }

  onCandidateGone(): void {
    this.#peer.forgetWhenUnused();
  }
}
