import type { ConnectOptions } from '../api/node.js';
import type { Peer } from '../api/peers.js';
import type { TimedWaitOptions } from '../api/waiting.js';
import { invalidOption, osierError } from '../errors/index.js';
import { choiceOption, durationOption, signalOption } from '../errors/option-checks.js';
import { type HostAndPort, type NodeAddress, type NodeId, parseAddress } from '../identity/index.js';
import { countdown, Deadline, type JoinTable, type MeshPeer, type PeerContext, type PeerTable, stillClosing } from '../peer/index.js';
import { abandonable } from '../stream/index.js';
import { notInSeveralShards } from './mesh-options.js';

/** Why a peer is kept connected: a call asked for it. */
export const BY_CALL = 'connect';

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

  /** See {@link JoinTable.onGoneElsewhere}. */
  onGoneElsewhere(hosts: readonly HostAndPort[]): void {
    this.#joins.onGoneElsewhere(hosts);
  }

  /** Errors: as {@link MeshNode.connect}. */
  async connect(target: string, options: ConnectOptions | undefined): Promise<Peer> {
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const { address, reconnect, via } = parseConnect(this.#context.id, target, options);
    if (via !== null) this.goThrough(address, via);
    return this.connectTo(address, { byId: true, keep: reconnect === 'always' ? BY_CALL : null }, options);
  }

  /** From now on the peer is reached through this relay, which is connected to where its address was given. */
  goThrough({ id }: NodeAddress, via: NodeAddress): void {
    if (id === null || via.id === null) return;
    if (this.#context.mesh === undefined) throw notInSeveralShards('via');
    this.#peers.obtain(id).goThrough(via.id);
    // Whether that succeeds shows in whether a way is found.
    if (via.hosts.length > 0) this.connectTo(via, { byId: true, keep: null }, {}).catch(() => {});
  }

  /** The same, of options that were checked. `byId`: somebody asked for the id. `keep`: why the peer is to be kept connected. */
  async connectTo(
    { id, hosts }: NodeAddress,
    { byId, keep }: { readonly byId: boolean; readonly keep: string | null },
    options: TimedWaitOptions | undefined,
  ): Promise<MeshPeer> {
    if (id === null) return kept(await this.#joins.connect(hosts, options), keep);
    const left = await this.#closed(id, options);
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const peer = this.#peers.obtain(id);
    peer.addHosts(hosts);
    if (byId) peer.askById();
    await peer.connect(left);
    return kept(peer, keep);
  }

  /** Waits while the peer of `id` is being closed: it gets another object then. Resolves with the patience that is left. */
  async #closed(id: NodeId, options: TimedWaitOptions | undefined): Promise<TimedWaitOptions | undefined> {
    if (!this.#peers.get(id)?.closing) return options;
    const deadline = new Deadline(this.#context.runtime, options, (timeoutMs) => stillClosing(id, timeoutMs));
    const left = countdown(this.#context.runtime, deadline.timeoutMs);
    try {
      for (let closing = this.#peers.get(id)?.closing; closing; closing = this.#peers.get(id)?.closing) await abandonable(closing, deadline.signal);
    } finally {
      deadline.dispose();
    }
    return { ...options, timeoutMs: left() };
  }
}

/** Checks what {@link MeshNode.connect} is given. Throws BAD_ADDRESS, BAD_ID, INVALID_OPTION, and the reason of a signal that is aborted. */
export function parseConnect(
  own: NodeId,
  target: string,
  options: ConnectOptions | undefined,
): { readonly address: NodeAddress; readonly reconnect: 'on-use' | 'always'; readonly via: (NodeAddress & { readonly id: NodeId }) | null } {
  const address = parseAddress(target);
  const via = viaOption(own, address, options?.via);
  const reconnect = choiceOption('reconnect', options?.reconnect, ['on-use', 'always'], 'on-use');
  durationOption('timeoutMs', options?.timeoutMs, 0);
  signalOption(options?.signal)?.throwIfAborted();
  if (address.id === own) throw osierError('ERR_OSIER_BAD_ADDRESS', `'${target}' is the address of this node itself.`, { input: target });
  return { address, reconnect, via };
}

/** The relay to go through: an id, or an address with one. */
function viaOption(own: NodeId, { id }: NodeAddress, value: unknown): (NodeAddress & { readonly id: NodeId }) | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') throw invalidOption('via', 'must be the id of a relay, or its address');
  const via = parseAddress(value);
  if (id === null) throw invalidOption('via', 'needs the id of the peer: somebody who is joined by an address alone is not called through others');
  if (via.id === null || via.id === own || via.id === id)
    throw invalidOption('via', 'must name a relay by its id, another one than this node and the peer');
  return { id: via.id, hosts: via.hosts };
}

function kept(peer: MeshPeer, keep: string | null): MeshPeer {
  if (keep !== null) peer.keepConnected(keep);
  return peer;
}
