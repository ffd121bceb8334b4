import type { PathRecord } from '../engine/engine.js';
import type { OsierError } from '../errors/index.js';
import { type CallOutcome, type HandshakeResult, Initiator } from '../handshake/index.js';
import { Waiters } from '../stream/index.js';
import { AddressRace } from './address-race.js';
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
 * One attempt to connect, shared by all that wait for it: goes on, with retries, until the peer answers or nobody waits any more. Names are
 * resolved once; every address gets the same message 1, one a little after the other, and the first valid answer wins.
 */
export class Dial {
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #listener: DialListener;
  readonly #waiters = new Waiters<void>();
  readonly #initiator: Initiator;
  readonly #localIndex: number;
  readonly #hints = new Set<Hint>();
  readonly #race: AddressRace;
  #isOver = false;
  #isAnswered = false;
  #failure: OsierError | null = null;

  constructor(context: PeerContext, peer: MeshPeer, listener: DialListener) {
    const { engine, party, calls } = context;
    this.#context = context;
    this.#peer = peer;
    this.#listener = listener;
    this.#localIndex = engine.reserveIndex(Initiator.mac1KeyFor(party, peer.id));
    this.#initiator = new Initiator(party, {
      peer: peer.id,
      verified: peer.isAskedById ? 'id' : peer.verified,
      localIndex: this.#localIndex,
      replacesIndex: peer.associations.current?.remoteIndex ?? 0,
      token: peer.associations.token,
      firstPacketNumber: peer.associations.nextPacketNumber,
    });
    calls.set(this.#localIndex, this);
    this.#race = new AddressRace(context, {
      nextMessage: () => this.#initiator.nextMessage(),
      onAttempt: () => listener.onAttempt(this.#initiator.attempts),
      onUnresolved: (cause) => this.fail(unresolved(peer.knownHosts, cause)),
    });
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
    this.#race.start(this.#peer.knownHosts);
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

  /** A datagram for the reserved index. */
  onDatagram(path: PathRecord, datagram: Uint8Array): void {
    const outcome = this.#initiator.receive(datagram);
    if (outcome.status === 'cookie') return;
    if (outcome.status === 'ignored') {
      this.#context.onHandshakeFault(this.#peer.id, outcome.fault);
      return;
    }
    this.#settle(outcome, path);
  }

  onHint(kind: number): void {
    const hint = hintOf(kind);
    if (hint !== null) this.#hints.add(hint);
  }

  #settle(outcome: Exclude<CallOutcome, { status: 'ignored' | 'cookie' }>, path: PathRecord): void {
    switch (outcome.status) {
      case 'established':
        this.#install(outcome.result, path);
        return;
      case 'refused':
        this.fail(refused(this.#peer.id, outcome.why));
        return;
      case 'incompatible':
        this.fail(incompatible(this.#peer.id, this.#peer.knownHosts, outcome.subject));
        return;
    }
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
    this.#race.stop();
    this.#initiator.wipe();
    this.#context.calls.delete(this.#localIndex);
    this.#context.engine.releaseIndex(this.#localIndex);
    this.#listener.onOver();
  }
}
