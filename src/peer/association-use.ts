import type { TimedWaitOptions } from '../api/waiting.js';
import type { OsierError } from '../errors/index.js';
import type { Association } from './association.js';
import { peerClosed } from './closing-errors.js';
import type { PeerContext } from './context.js';
import { Deadline } from './deadline.js';
import { tooSlow, unanswered, unreachable } from './dial-errors.js';
import type { Dialing } from './dialing.js';
import type { MeshPeer } from './mesh-peer.js';

/** Everything that needs a peer to be connected: waits for that first, within the caller's patience. */
export class AssociationUse {
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #dialing: Dialing;

  constructor(context: PeerContext, peer: MeshPeer, dialing: Dialing) {
    this.#context = context;
    this.#peer = peer;
    this.#dialing = dialing;
  }

  /** Connects first where needed, and again when the association ended before it could be of use. */
  async with<T>(options: TimedWaitOptions | undefined, use: (association: Association, signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeOut = (timeoutMs: number): OsierError => {
      if (this.#peer.associations.current !== null) return tooSlow(this.#peer.id, timeoutMs);
      return this.#peer.hasWay ? unanswered(this.#context.asked, this.#peer.id, timeoutMs, this.#dialing.hints) : unreachable(this.#peer.id);
    };
    const deadline = new Deadline(this.#context.runtime, options, timeOut);
    try {
      for (;;) {
        const association = await this.#connected(deadline.signal);
        try {
          if (association.endedBy !== null) continue;
          this.#context.mesh?.onUse(this.#peer);
          return await use(association, deadline.signal);
        } catch (error) {
          if (error !== association.endedBy) throw error;
        }
      }
    } finally {
      deadline.dispose();
      this.#peer.forgetWhenUnused();
    }
  }

  /** The association to use; begins to connect where there is none. An abort of `signal` rejects with its reason. */
  async #connected(signal: AbortSignal): Promise<Association> {
    signal.throwIfAborted();
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const revocation = this.#context.revocationOf(this.#peer.id);
    if (revocation !== null) throw revocation;
    if (this.#peer.closing !== null) throw peerClosed('local', 'normal', '');
    const { duplicate } = this.#peer;
    if (duplicate !== null) throw duplicate;
    const current = this.#peer.associations.current;
    if (current !== null) return current;
    if (this.#peer.hasWay || this.#dialing.isGoingOn) await this.#dialing.obtain().wait(signal);
    else if (this.#context.mesh?.seek(this.#peer.id)) await this.#peer.wayFound(signal);
    else throw unreachable(this.#peer.id);
    return this.#connected(signal);
  }
}
