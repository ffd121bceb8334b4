import type { ConnectOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import { osierError } from '../errors/index.js';
import { choiceOption, durationOption, signalOption } from '../errors/option-checks.js';
import { parseAddress } from '../identity/index.js';
import type { JoinTable, MeshPeer, PeerContext, PeerTable } from '../peer/index.js';
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
    const signal = signalOption(options?.signal);
    signal?.throwIfAborted();
    if (id === this.#context.id) {
      throw osierError('ERR_OSIER_BAD_ADDRESS', `'${target}' is the address of this node itself.`, { input: target });
    }
    if (id === null) return kept(await this.#joins.connect(hosts, options), reconnect);
    // One that is being closed gets another object once that is done.
    for (let closing = this.#peers.get(id)?.closing; closing; closing = this.#peers.get(id)?.closing) await abandonable(closing, signal);
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const peer = this.#peers.obtain(id);
    peer.addHosts(hosts);
    peer.askById();
    await peer.connect(options);
    return kept(peer, reconnect);
  }
}

function kept(peer: MeshPeer, reconnect: 'on-use' | 'always'): Peer {
  if (reconnect === 'always') peer.keepConnected(BY_CALL);
  return peer;
}
