import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import { type OsierError, osierError } from '../errors/index.js';
import { type CallOutcome, type HandshakeResult, Initiator } from '../handshake/index.js';
import { formatHost, type HostAndPort } from '../identity/index.js';
import { Waiters } from '../stream/index.js';
import type { PeerContext } from './context.js';
import { type Hint, unresolved } from './dial-errors.js';
import type { MeshPeer } from './mesh-peer.js';

/** A further address is tried after this much silence of those before it (RFC 8305 §8, "Connection Attempt Delay"). */
const STAGGER_MS = 250;

/** Hints of the engine by their number. */
const HINTS: Readonly<Record<number, Hint>> = { 1: 'version', 2: 'busy' };

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
  /** Resolved, and not tried yet. */
  readonly #untried: PathRecord[] = [];
  readonly #paths: PathRecord[] = [];
  #datagram: Uint8Array | null = null;
  #retryTimer: Timer | null = null;
  #staggerTimer: Timer | null = null;
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
      localIndex: this.#localIndex,
      replacesIndex: peer.associations.current?.remoteIndex ?? 0,
      token: peer.associations.token,
      firstPacketNumber: peer.associations.nextPacketNumber,
    });
    calls.set(this.#localIndex, this);
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
    const hosts = this.#peer.knownHosts;
    const failures: unknown[] = [];
    const resolved = hosts.map((host) => this.#resolve(host).catch((error: unknown) => failures.push(error)));
    Promise.all(resolved).then(() => {
      if (this.#paths.length === 0 && this.#untried.length === 0) this.fail(unresolved(hosts, failures[0]));
    });
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
    if (outcome.status === 'ignored') {
      this.#context.onHandshakeFault(this.#peer.id, outcome.fault);
      return;
    }
    this.#settle(outcome, path);
  }

  onHint(kind: number): void {
    const hint = HINTS[kind];
    if (hint !== undefined) this.#hints.add(hint);
  }

  #settle(outcome: Exclude<CallOutcome, { status: 'ignored' }>, path: PathRecord): void {
    switch (outcome.status) {
      case 'established':
        this.#install(outcome.result, path);
        return;
      case 'refused':
        this.fail(refused(this.#peer, outcome.why));
        return;
      case 'incompatible':
        this.fail(incompatible(this.#peer, outcome.subject));
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

  async #resolve({ host, port }: HostAndPort): Promise<void> {
    const { runtime, engine } = this.#context;
    const addresses = await runtime.resolve(host);
    let failure: unknown = null;
    for (const address of addresses) {
      if (this.#isOver) return;
      try {
        this.#add(engine.pathTo(address.host, port));
      } catch (error) {
        // No socket of this node has the family: the address counts as unresolved.
        failure ??= error;
      }
    }
    if (failure !== null && this.#paths.length === 0) throw failure;
  }

  #add(path: PathRecord): void {
    const isKnown = [...this.#paths, ...this.#untried].some((known) => Buffer.compare(known, path) === 0);
    if (isKnown) return;
    this.#untried.push(Uint8Array.from(path));
    if (this.#staggerTimer === null) this.#tryNext();
  }

  /** Takes up one more address, and then another after each pause. */
  readonly #tryNext = (): void => {
    this.#staggerTimer = null;
    const path = this.#untried.shift();
    if (path === undefined) return;
    this.#paths.push(path);
    if (this.#datagram === null) this.#retry();
    else this.#send(path, this.#datagram);
    this.#staggerTimer = this.#context.runtime.setTimer(STAGGER_MS, this.#tryNext);
  };

  readonly #retry = (): void => {
    const { datagram, retryAfterMs } = this.#initiator.nextMessage();
    this.#datagram = datagram;
    for (const path of this.#paths) this.#send(path, datagram);
    this.#retryTimer = this.#context.runtime.setTimer(retryAfterMs, this.#retry);
    this.#listener.onAttempt(this.#initiator.attempts);
  };

  #send(path: PathRecord, datagram: Uint8Array): void {
    this.#context.engine.sendDatagram(path, datagram);
    this.#context.flusher.mark();
  }

  #end(succeeded = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A peer that connected by itself meanwhile is counted where it was answered.
    if (this.#isAnswered || !succeeded) this.#context.onDialed(succeeded);
    this.#retryTimer?.cancel();
    this.#staggerTimer?.cancel();
    this.#initiator.wipe();
    this.#context.calls.delete(this.#localIndex);
    this.#context.engine.releaseIndex(this.#localIndex);
    this.#listener.onOver();
  }
}

const REFUSALS = {
  policy: 'does not admit this node: ask its operator',
  limit: 'has as many peers as it takes: try again later',
  shutdown: 'is shutting down: try again later',
} as const;

function refused(peer: MeshPeer, why: keyof typeof REFUSALS): OsierError {
  return osierError('ERR_OSIER_REFUSED', `${peer.id} ${REFUSALS[why]}.`, { why });
}

function incompatible(peer: MeshPeer, subject: 'version' | 'cipher'): OsierError {
  const hosts = peer.knownHosts.map(formatHost).join(', ');
  return osierError('ERR_OSIER_INCOMPATIBLE', `${peer.id} (${hosts}) shares no ${subject} with this node: update one side.`, { subject });
}
