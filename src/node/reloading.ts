import type { ReloadOptions } from '../api/node.js';
import { rejecting } from '../errors/option-checks.js';
import type { HandshakeParty } from '../handshake/index.js';
import type { StatementStore } from '../mesh/statements/statement-store.js';
import type { PeerContext } from '../peer/index.js';
import { networkSecretsOf } from './credentials.js';
import type { KeptPeers } from './kept-peers.js';
import { type ParsedReload, parseReload } from './reload.js';

/** The reloads of a node, one after another: each as a whole or not at all. */
export class Reloading {
  readonly #context: PeerContext;
  readonly #kept: KeptPeers;
  readonly #statements: StatementStore;
  readonly #useNetworkSecrets: (secrets: HandshakeParty['networkSecrets']) => void;
  /** Settles when the reloads so far are done. */
  #done: Promise<unknown> = Promise.resolve();

  constructor(
    context: PeerContext,
    kept: KeptPeers,
    statements: StatementStore,
    useNetworkSecrets: (secrets: HandshakeParty['networkSecrets']) => void,
  ) {
    this.#context = context;
    this.#kept = kept;
    this.#statements = statements;
    this.#useNetworkSecrets = useNetworkSecrets;
  }

  /** Errors: as {@link MeshNode.reload}. */
  reload(changes: ReloadOptions): Promise<void> {
    return rejecting(() => this.apply(parseReload(changes)));
  }

  /** The same, of changes that were checked. */
  apply(changes: ParsedReload): Promise<void> {
    const reloaded = this.#done.then(() => this.#apply(changes));
    this.#done = reloaded.catch(() => {});
    return reloaded;
  }

  async #apply({ network, peers, statements }: ParsedReload): Promise<void> {
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    const networkSecrets = network === null ? null : await networkSecretsOf(network);
    if (this.#context.closedBy !== null) throw this.#context.closedBy;
    // What can fail comes first.
    if (peers !== null) this.#kept.replace(peers);
    for (const statement of statements) this.#statements.add(statement, 'operator');
    if (networkSecrets !== null) this.#useNetworkSecrets(networkSecrets);
  }
}
