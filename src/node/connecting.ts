import type { ConnectOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import { osierError } from '../errors/index.js';
import { choiceOption, durationOption, signalOption } from '../errors/option-checks.js';
import { type NodeId, parseAddress } from '../identity/index.js';
import { Deadline, type JoinTable, type MeshPeer, type PeerContext, type PeerTable, stillClosing } from '../peer/index.js';
import { abandonable } from '../stream/index.js';

/** Why a peer is kept connected: a call asked for it. */
const BY_CALL = 'connect';

/** Calls of {@link MeshNode.connect}: to a peer by its id, or to whoever is at an address. */
export class Connecting {
  readonly #context: PeerContext;
  readonly #peers: PeerTable;
  readonly #joins: JoinTable;

  constructor(context: PeerContext, peers: PeerTable, joins: JoinTable) {
    this.#context = context;
    this.#peers = peers;
    this.#joins = joins;
  }

  /** Errors: as {@link MeshNode.connect}. */
  async connect(target: string, options: ConnectOptions | undefined): Promise<Peer> {
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const { id, hosts } = parseAddress(target);
    const reconnect = choiceOption('reconnect', options?.reconnect, ['on-use', 'always'], 'on-use');
    durationOption('timeoutMs', options?.timeoutMs, 0);
    signalOption(options?.signal)?.throwIfAborted();
    if (id === this.#context.id) {
      throw osierError('ERR_OSIER_BAD_ADDRESS', `'${target}' is the address of this node itself.`, { input: target });
    }
    if (id === null) return kept(await this.#joins.connect(hosts, options), reconnect);
    const left = await this.#closed(id, options);
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const peer = this.#peers.obtain(id);
    peer.addHosts(hosts);
    peer.askById();
    await peer.connect(left);
    return kept(peer, reconnect);
  }

  /** Waits while the peer of `id` is being closed: it gets another object then. Resolves with the patience that is left. */
  async #closed(id: NodeId, options: ConnectOptions | undefined): Promise<ConnectOptions | undefined> {
    if (!this.#peers.get(id)?.closing) return options;
    const { clock } = this.#context.runtime;
    const startMs = clock.nowMs();
    const deadline = new Deadline(this.#context.runtime, options, (timeoutMs) => stillClosing(id, timeoutMs));
    try {
      for (let closing = this.#peers.get(id)?.closing; closing; closing = this.#peers.get(id)?.closing) await abandonable(closing, deadline.signal);
    } finally {
      deadline.dispose();
    }
    const { timeoutMs } = deadline;
    return { ...options, timeoutMs: timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (clock.nowMs() - startMs)) };
  }
}

function kept(peer: MeshPeer, reconnect: 'on-use' | 'always'): Peer {
  if (reconnect === 'always') peer.keepConnected(BY_CALL);
  return peer;
}
