import type { CloseReport } from '../api/waiting.js';
import type { OsierError } from '../errors/index.js';
import { drainStreams, Patience, ResetReason } from '../stream/index.js';
import type { AssociationSet } from './association-set.js';
import type { CloseNotice } from './closing-errors.js';
import type { PeerContext } from './context.js';

/** Why a peer closes, and who is told what. */
export interface PeerCloseCause {
  /** What waits fails with this. */
  readonly error: OsierError;
  readonly notice: CloseNotice;
  /** What the last state shows. */
  readonly stateError: OsierError | null;
}

/** What ends with a peer beside its streams. */
export interface ClosablePeer {
  readonly associations: AssociationSet;
  /** Nothing connects it any more, and what waits for that fails. Called once. */
  onClosing(cause: PeerCloseCause): void;
  /** Its streams are done. Called once. */
  onDrained(cause: PeerCloseCause): void;
}

/** The one close of a peer: its streams get the time that the most impatient caller leaves them. */
export class PeerClosing {
  readonly #context: PeerContext;
  readonly #peer: ClosablePeer;
  #report: Promise<CloseReport> | null = null;
  /** With the streams of a close that is going on. */
  #patience: Patience | null = null;

  constructor(context: PeerContext, peer: ClosablePeer) {
    this.#context = context;
    this.#peer = peer;
  }

  /** The close that was begun; `null` before. */
  get report(): Promise<CloseReport> | null {
    return this.#report;
  }

  /** Begins. Once more: the close that is going on takes no longer than `timeoutMs` from now. */
  begin(timeoutMs: number, cause: PeerCloseCause): Promise<CloseReport> {
    if (this.#report !== null) {
      this.#patience?.shorten(timeoutMs);
      return this.#report;
    }
    // Whoever hears of its first steps may close it as well.
    let settle: (report: Promise<CloseReport>) => void = () => {};
    this.#report = new Promise((resolve) => {
      settle = resolve;
    });
    settle(this.#close(timeoutMs, cause));
    return this.#report;
  }

  async #close(timeoutMs: number, cause: PeerCloseCause): Promise<CloseReport> {
    this.#peer.onClosing(cause);
    const report = await this.#drain(timeoutMs, cause.error);
    this.#peer.onDrained(cause);
    return report;
  }

  async #drain(timeoutMs: number, error: OsierError): Promise<CloseReport> {
    const { engine, flusher, runtime } = this.#context;
    const current = this.#peer.associations.current;
    if (current === null) return { status: 'drained' };
    engine.drain(current.handle);
    flusher.mark();
    this.#patience = new Patience(runtime.setTimer, timeoutMs);
    return drainStreams(current.openStreams, this.#patience, (stream) => stream.giveUp(error, ResetReason.application, 0));
  }
}
