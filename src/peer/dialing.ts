import type { OsierError } from '../errors/index.js';
import type { PeerContext } from './context.js';
import { Deadline } from './deadline.js';
import { Dial } from './dial.js';
import { type Hint, timedOut } from './dial-errors.js';
import type { MeshPeer } from './mesh-peer.js';
import type { PeerStatus } from './peer-status.js';

/** A RESET hint begins at most one handshake in this time. */
const RESET_HINT_INTERVAL_MS = 1_000;
/** How long a handshake goes on unanswered that a RESET hint or the age of the keys began. */
const DIAL_AGAIN_PATIENCE_MS = 10_000;

/** The dials of one peer, at most one at a time: begins, reports and ends them. */
export class Dialing {
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #status: PeerStatus;
  #present: Dial | null = null;
  #hintedAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: PeerContext, peer: MeshPeer, status: PeerStatus) {
    this.#context = context;
    this.#peer = peer;
    this.#status = status;
  }

  get isGoingOn(): boolean {
    return this.#present !== null;
  }

  /** Unauthenticated answers to the present dial so far. */
  get hints(): readonly Hint[] {
    return this.#present?.hints ?? [];
  }

  /** The present dial; begins one where there is none. */
  obtain(): Dial {
    this.#present ??= this.#start();
    return this.#present;
  }

  /** A handshake beside the association that there is: nobody waits for it. */
  again(): void {
    if (this.#present !== null || this.#peer.closing !== null || !this.#peer.hasWay) return;
    try {
      this.#present = this.#start();
    } catch (error) {
      // No index is left; the session that there is goes on.
      this.#context.warn(error as OsierError);
      return;
    }
    const deadline = new Deadline(this.#context.runtime, { timeoutMs: DIAL_AGAIN_PATIENCE_MS }, (timeoutMs) =>
      timedOut(this.#peer.id, timeoutMs, []),
    );
    this.#present
      .wait(deadline.signal)
      .catch(() => {})
      .finally(() => deadline.dispose());
  }

  /** The peer may have forgotten the present session. */
  onResetHint(): void {
    const nowMs = this.#context.runtime.clock.nowMs();
    if (this.#present !== null || this.#peer.closing !== null || nowMs - this.#hintedAtMs < RESET_HINT_INTERVAL_MS) return;
    this.#hintedAtMs = nowMs;
    this.again();
  }

  /** Hosts became known. */
  onHosts(): void {
    this.#present?.onHosts();
  }

  /** The network secrets are others. */
  onSecrets(): void {
    this.#present?.onSecrets();
  }

  /** This end's state towards the peer has ended. */
  onStateEnded(): void {
    this.#present?.onStateEnded();
  }

  /** Gives up the present dial to the caller, who settles it. */
  take(): Dial | null {
    const dial = this.#present;
    this.#present = null;
    return dial;
  }

  #start(): Dial {
    const startedAtMs = this.#context.runtime.clock.nowMs();
    const dial = new Dial(this.#context, this.#peer, {
      onAttempt: (attempt) => {
        if (this.#peer.associations.current === null) this.#status.enter({ status: 'connecting', attempt });
      },
      onOver: () => {
        this.#report(dial, startedAtMs);
        if (this.#present !== dial) return;
        this.#present = null;
        if (this.#status.state.status === 'connecting') this.#status.enter({ status: 'idle' });
        this.#peer.associations.forgetTokenWhenUnused();
        this.#peer.forgetWhenUnused();
      },
    });
    dial.start();
    return dial;
  }

  #report(dial: Dial, startedAtMs: number): void {
    let error = dial.failure;
    if (error === null && !dial.isAnswered) {
      // The peer called meanwhile: that is told where it was answered.
      if (this.#present !== dial) return;
      error = timedOut(this.#peer.id, Math.round(this.#context.runtime.clock.nowMs() - startedAtMs), dial.hints);
    }
    this.#context.observer.onHandshake({ peer: this.#peer.id, role: 'initiator', startedAtMs, error });
  }
}
