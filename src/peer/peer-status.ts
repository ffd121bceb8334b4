import type { Path, PathCause, Peer, PeerState, SocketAddress } from '../api/peers.js';
import { safely } from '../errors/safely.js';
import type { Observer } from '../observe/index.js';

/** Where a peer stands, and the events that tell of it. */
export class PeerStatus {
  readonly #peer: Peer;
  readonly #observer: Observer;
  #state: PeerState = { status: 'idle' };
  #path: Path | null = null;
  #pathChanges = 0n;

  constructor(peer: Peer, observer: Observer) {
    this.#peer = peer;
    this.#observer = observer;
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
    this.#observer.onState(this.#peer, state);
    safely(() => this.#peer.emit('state', state));
  }

  /** One end has another address now. */
  roamTo(to: Path): void {
    const remoteOf = (path: Path | null): SocketAddress | undefined => (path?.kind === 'direct' ? path.remote : undefined);
    const [remote, there] = [remoteOf(this.#path), remoteOf(to)];
    const stayed = remote?.host === there?.host && remote?.port === there?.port;
    this.moveTo(to, { kind: 'roamed', end: stayed ? 'local' : 'remote' });
  }

  moveTo(to: Path | null, cause: PathCause): void {
    const from = this.#path;
    if (from === null && to === null) return;
    this.#path = to;
    this.#pathChanges++;
    const change = { from, to, cause };
    this.#observer.onPath(this.#peer, change);
    safely(() => this.#peer.emit('path', change));
  }
}
