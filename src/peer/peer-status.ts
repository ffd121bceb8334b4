import type { EventEmitter } from 'node:events';
import type { Path, PathCause, PeerEvents, PeerState } from '../api/peers.js';
import { safely } from './safely.js';

/** Where a peer stands, and the events that tell of it. */
export class PeerStatus {
  readonly #events: EventEmitter<PeerEvents>;
  #state: PeerState = { status: 'idle' };
  #path: Path | null = null;
  #pathChanges = 0n;

  constructor(events: EventEmitter<PeerEvents>) {
    this.#events = events;
  }

  get state(): PeerState {
    return this.#state;
  }

  get path(): Path | null {
    return this.#path;
  }

  get pathChanges(): bigint {
    return this.#pathChanges;
  }

  enter(state: PeerState): void {
    this.#state = state;
    safely(() => this.#events.emit('state', state));
  }

  moveTo(to: Path | null, cause: PathCause): void {
    const from = this.#path;
    if (from === null && to === null) return;
    this.#path = to;
    this.#pathChanges++;
    safely(() => this.#events.emit('path', { from, to, cause }));
  }
}
