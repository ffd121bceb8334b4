import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { type FoundNode, type HandshakeResult, JoinInitiator, retryDelayMs } from '../handshake/index.js';
import { formatAddress, type HostAndPort, type NodeId } from '../identity/index.js';
import { Waiters } from '../stream/index.js';
import type { Association } from './association.js';
import { type Caller, type CallRound, CallRounds } from './call-rounds.js';
import { PlacedElsewhere } from './call-routing.js';
import type { PeerContext } from './context.js';
import { type Hint, hintOf, incompatible, refused, unresolved } from './dial-errors.js';
import type { MeshPeer } from './mesh-peer.js';

/** Message 3 goes out so often, over some three seconds; unconfirmed after that, the join begins anew. */
const LAST_MESSAGES_MAX = 5;

/** Who knows the peers. */
export interface JoinOwner {
  /** The peer of the id that was found; `null` while it cannot be used. Throws when it is not to be: the join fails with that. */
  peerOf(id: NodeId): MeshPeer | null;
  /** Why `id` must not be who answers here; `null` where it may. */
  mismatchOf(id: NodeId): OsierError | null;
  /** It succeeded, failed or was abandoned. Called once. */
  onOver(): void;
}

/** Where a join led. */
export interface Joined {
  readonly peer: MeshPeer;
  /** What was confirmed; it may have ended since. */ readonly association: Association;
}

type Stage =
  | { readonly kind: 'calling'; readonly rounds: CallRounds<JoinInitiator> }
  | { readonly kind: 'finishing'; readonly peer: MeshPeer; timer: Timer | null }
  | { readonly kind: 'over' };

/**
 * One attempt to join by address, shared by all that wait for it: goes on until a peer is connected or nobody waits any more.
 *
 * ```text
 *   calling --message 2--> finishing --first authentic packet--> over
 *      ^                      |
 *      +--message 3 unheard---+
 * ```
 */
export class Join implements Caller<JoinInitiator> {
  readonly #context: PeerContext;
  readonly hosts: readonly HostAndPort[];
  /** Who is joined is not known: there is no way to that but the address. */
  readonly relayedPath = null;
  readonly #owner: JoinOwner;
  readonly #waiters = new Waiters<Joined>();
  readonly #hints = new Set<Hint>();
  #stage: Stage;

  constructor(context: PeerContext, hosts: readonly HostAndPort[], owner: JoinOwner) {
    this.#context = context;
    this.hosts = hosts;
    this.#owner = owner;
    this.#stage = this.#call();
  }

  /** Unauthenticated answers so far. */
  get hints(): readonly Hint[] {
    return [...this.#hints];
  }

  /** Resolves when a peer is connected. When the last that waits gives up, the join is over. */
  async wait(signal: AbortSignal): Promise<Joined> {
    try {
      return await this.#waiters.wait(signal);
    } finally {
      if (this.#waiters.isEmpty) this.#end(false);
    }
  }

  /** The peer that was found is connected, by this join or by other ways. */
  succeed(peer: MeshPeer, association: Association): void {
    this.#end(true);
    this.#waiters.resolveAll({ peer, association });
  }

  fail(error: OsierError | PlacedElsewhere): void {
    this.#end(false);
    this.#waiters.rejectAll(error);
  }

  /** See {@link CallRounds.onSecrets}. Message 3 goes on under what it began with. */
  onSecrets(): void {
    if (this.#stage.kind === 'calling') this.#stage.rounds.onSecrets();
  }

  // ---- from its rounds ----

  mac1Key(): Uint8Array {
    return JoinInitiator.mac1KeyFor(this.#context.party);
  }

  begin(localIndex: number, attempts: number): JoinInitiator {
    return new JoinInitiator(this.#context.party, localIndex, attempts);
  }

  onDatagram(round: CallRound<JoinInitiator>, source: PathRecord, datagram: Uint8Array): void {
    if (this.#stage.kind !== 'calling') return;
    const outcome = round.end.receive(datagram);
    switch (outcome.status) {
      case 'ignored':
        this.#context.onHandshakeFault(null, outcome.fault);
        return;
      case 'cookie':
        return;
      case 'refused':
        this.fail(this.#owner.mismatchOf(outcome.id) ?? refused(this.#address, outcome.why));
        return;
      case 'incompatible':
        this.fail(this.#owner.mismatchOf(outcome.id) ?? incompatible('The node there', this.hosts, outcome.subject));
        return;
      case 'found':
        this.#find(outcome.found, round.wayOf(source, outcome.found.attempt), this.#stage.rounds);
        return;
    }
  }

  onHint(kind: number): void {
    const hint = hintOf(kind);
    if (hint !== null) this.#hints.add(hint);
  }

  onAttempt(): void {}

  onUnresolved(cause: unknown): void {
    this.fail(unresolved(this.hosts, cause));
  }

  get #address(): string {
    return formatAddress({ id: null, hosts: this.hosts });
  }

  #call(): Stage {
    const rounds = new CallRounds(this.#context, this);
    rounds.start();
    return { kind: 'calling', rounds };
  }

  /** `path`: see {@link CallRound.wayOf}. */
  #find(found: FoundNode, path: PathRecord | null, rounds: CallRounds<JoinInitiator>): void {
    try {
      const peer = this.#owner.peerOf(found.id);
      if (peer === null) return;
      const current = peer.associations.current;
      if (current !== null) this.succeed(peer, current);
      else if (path !== null) this.#finish(found, peer, path, rounds);
      else peer.forgetWhenUnused();
    } catch (error) {
      if (!OsierError.is(error) && !(error instanceof PlacedElsewhere)) throw error;
      this.fail(error);
    }
  }

  #finish(found: FoundNode, peer: MeshPeer, path: PathRecord, rounds: CallRounds<JoinInitiator>): void {
    const { datagram, result } = found.finish(peer.associations.token);
    const stage: Stage = { kind: 'finishing', peer, timer: null };
    this.#stage = stage;
    peer.beginJoin(this);
    // The index belongs to the session once that is installed.
    const isInstalled = this.#install(peer, result, path, rounds);
    if (isInstalled) this.#sendLast(stage, path, datagram, 1);
    else this.#begin(peer);
  }

  #install(peer: MeshPeer, result: HandshakeResult, path: PathRecord, rounds: CallRounds<JoinInitiator>): boolean {
    try {
      return peer.onSession(result, path);
    } finally {
      rounds.stop();
    }
  }

  #sendLast(stage: Extract<Stage, { kind: 'finishing' }>, path: PathRecord, datagram: Uint8Array, attempt: number): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
    const delayMs = retryDelayMs(attempt, this.#context.runtime.randomBytes(2));
    stage.timer = this.#context.runtime.setTimer(delayMs, () => {
      if (attempt === LAST_MESSAGES_MAX) this.#begin(stage.peer);
      else this.#sendLast(stage, path, datagram, attempt + 1);
    });
  }

  /** From the start: the node may have forgotten message 1, or be another by now. */
  #begin(peer: MeshPeer): void {
    peer.endJoin(this);
    try {
      this.#stage = this.#call();
    } catch (error) {
      this.fail(error as OsierError);
    }
  }

  #end(succeeded: boolean): void {
    const stage = this.#stage;
    if (stage.kind === 'over') return;
    this.#stage = { kind: 'over' };
    // What another end's call or a dial brought about is counted there; a session of a join where it is confirmed.
    if (!succeeded) this.#context.onDialed(false);
    if (stage.kind === 'calling') {
      stage.rounds.stop();
    } else {
      stage.timer?.cancel();
      stage.peer.endJoin(this);
    }
    this.#owner.onOver();
  }
}
