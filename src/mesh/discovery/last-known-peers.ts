import type { MeshPeer, PeerContext, PeerTable } from '../../peer/index.js';
import { type CachedPeer, cacheFile, PeerCache } from './peer-cache.js';

/** Peers of the file that are called at a time, and how many of them have to be there: the mesh tells of the others. */
const CALLED_AT_ONCE = 8;
const CONNECTED_ENOUGH = 4;

/** Finds the peers of the file again, those heard of last first, and keeps it up to date. What the options name is called beside that. */
export class LastKnownPeers {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #cache: PeerCache;

  constructor(context: PeerContext, peers: PeerTable, path: string) {
    this.#context = context;
    this.#peers = peers;
    const onTrouble = (message: string, cause: unknown): void => context.log('warn', { path, cause: String(cause) }, message);
    this.#cache = new PeerCache({ runtime: context.runtime, onTrouble }, cacheFile(path));
  }

  /** Calls the peers of the file until enough are connected. Never rejects. */
  async find(): Promise<void> {
    const known = await this.#cache.load();
    let connected = 0;
    const callNext = async (): Promise<void> => {
      for (let peer = known.shift(); peer !== undefined; peer = known.shift()) {
        if (connected >= CONNECTED_ENOUGH || this.#context.closedBy !== null) return;
        if (await this.#call(peer)) connected++;
      }
    };
    await Promise.all(Array.from({ length: CALLED_AT_ONCE }, callNext));
  }

  /** The peer is connected directly: this is where it may be found again. */
  note(peer: MeshPeer): void {
    this.#cache.note(peer.id, peer.directHosts);
  }

  /** Resolves when the file is written. */
  close(): Promise<void> {
    return this.#cache.flush();
  }

  /** Whether it answered. Whoever does not is no matter for an operator. */
  async #call({ id, hosts }: CachedPeer): Promise<boolean> {
    if (id === this.#context.id) return false;
    try {
      const peer = this.#peers.obtain(id);
      peer.addHosts(hosts);
      peer.askById();
      await peer.connect();
      return true;
    } catch {
      return false;
    }
  }
}
