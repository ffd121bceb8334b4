import type { PathRecord } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import { type HandshakeResult, Initiator } from '../handshake/index.js';
import type { HostAndPort } from '../identity/index.js';
import { Waiters } from '../stream/index.js';
import { type Caller, type CallRound, CallRounds } from './call-rounds.js';
import type { PeerContext } from './context.js';
import { type Hint, hintOf, incompatible, refused, unresolved } from './dial-errors.js';
import type { MeshPeer } from './mesh-peer.js';

/** What the peer wants to know of its dial. */
export interface DialListener {
  /** Message 1 goes out for the `attempt`th time. */
  onAttempt(attempt: number): void;
  /** It succeeded, failed or was abandoned. Called once. */
  onOver(): void;
}

/**
 * One attempt to connect, shared by all that wait for it: goes on, round after round, until the peer answers or nobody waits any more. Every address
 * gets the same message 1, one a little after the other, and the first valid answer wins.
 */
export class Dial implements Caller<Initiator> {
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #listener: DialListener;
  readonly #waiters = new Waiters<void>();
  readonly #hints = new Set<Hint>();
  readonly #rounds: CallRounds<Initiator>;
  #isOver = false;
  #isAnswered = false;
  #failure: OsierError | null = null;

  constructor(context: PeerContext, peer: MeshPeer, listener: DialListener) {
    this.#context = context;
    this.#peer = peer;
    this.#listener = listener;
    this.#rounds = new CallRounds(context, this);
  }

  /** Unauthenticated answers so far. */
  get hints(): readonly Hint[] {
    return [...this.#hints];
  }

  /** The peer answered this dial, and did not refuse. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Why it failed; `null` for one that did not, or that nobody waits for any more. */
  get failure(): OsierError | null {
    return this.#failure;
  }

  /** Resolves the hosts and sends the first message. */
  start(): void {
    this.#rounds.start();
  }

  /** See {@link CallRounds.onHosts}. */
  onHosts(): void {
    this.#rounds.onHosts();
  }

  /** See {@link CallRounds.onSecrets}. */
  onSecrets(): void {
    this.#rounds.onSecrets();
  }

  /** The association that the calls so far were to go on with has ended here, and this end's token with it. */
  onStateEnded(): void {
    this.#rounds.anew();
  }

  /** Resolves when the peer is connected. When the last that waits gives up, the dial is over. */
  async wait(signal: AbortSignal): Promise<void> {
    try {
      await this.#waiters.wait(signal);
    } finally {
      if (this.#waiters.isEmpty) this.#end();
    }
  }

  /** The peer is connected, by this dial or by its own. */
  succeed(): void {
    this.#end(true);
    this.#waiters.resolveAll();
  }

  fail(error: OsierError): void {
    this.#failure = error;
    this.#end();
    this.#waiters.rejectAll(error);
  }

  // ---- from its rounds ----

  get hosts(): readonly HostAndPort[] {
    return this.#peer.knownHosts;
  }

  get relayedPath(): PathRecord | null {
    return this.#peer.relayedPath;
  }

  mac1Key(): Uint8Array {
    return Initiator.mac1KeyFor(this.#context.party, this.#peer.id);
  }

  begin(localIndex: number, attempts: number): Initiator {
    const { associations, id, isAskedById, verified } = this.#peer;
    const call = {
      peer: id,
      verified: isAskedById ? 'id' : verified,
      localIndex,
      replacesIndex: associations.current?.remoteIndex ?? 0,
      token: associations.token,
      firstPacketNumber: associations.nextPacketNumber,
    } as const;
    return new Initiator(this.#context.party, call, attempts);
  }

  onDatagram(round: CallRound<Initiator>, source: PathRecord, datagram: Uint8Array): void {
    const outcome = round.end.receive(datagram, (attempt) => round.wayOf(source, attempt) !== null);
    switch (outcome.status) {
      case 'cookie':
        return;
      case 'ignored':
        this.#context.onHandshakeFault(this.#peer.id, outcome.fault);
        return;
      case 'established':
        this.#install(outcome.result, round.wayOf(source, outcome.attempt) ?? source);
        return;
      case 'refused':
        this.fail(refused(this.#peer.id, outcome.why));
        return;
      case 'incompatible':
        this.fail(incompatible(this.#peer.id, this.hosts, outcome.subject));
        return;
    }
  }

  onHint(kind: number): void {
    const hint = hintOf(kind);
    if (hint !== null) this.#hints.add(hint);
  }

  onAttempt(attempt: number): void {
    this.#listener.onAttempt(attempt);
  }

  onUnresolved(cause: unknown): void {
    // Where nobody gave an address, those that were announced are one way of several.
    if (!this.#peer.isAskedFor && this.#context.mesh?.seek(this.#peer.id)) return;
    this.fail(unresolved(this.hosts, cause));
  }

  #install(result: HandshakeResult, path: PathRecord): void {
    this.#isAnswered = true;
    try {
      // The index belongs to the session now. Without one, those that wait find that the peer is not connected, and begin another dial.
      this.#end(this.#peer.onSession(result, path));
    } catch (error) {
      this.fail(error as OsierError);
      return;
    }
    this.#waiters.resolveAll();
  }

  #end(succeeded = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A peer that connected by itself meanwhile is counted where it was answered.
    if (this.#isAnswered || !succeeded) this.#context.onDialed(succeeded);
    this.#rounds.stop();
    this.#listener.onOver();
  }
}
