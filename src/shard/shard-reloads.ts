import type { ReloadOptions } from '../api/node.js';
import type { Runtime } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { rejecting } from '../errors/option-checks.js';
import { networkSecretsOf } from '../node/credentials.js';
import { parseReload } from '../node/reload.js';
import type { BootMaker } from './boot.js';
import type { KeptAddresses } from './kept-addresses.js';
import type { Launching } from './launching.js';
import { unlessStuck } from './patience.js';
import type { ShardCalls } from './protocol.js';
import type { ShardDirectory } from './shard-directory.js';
import type { ShardLink } from './shard-link.js';

/** The reloads of a node with shards, one after another. */
export class ShardReloads {
  readonly #runtime: Runtime;
  readonly #boots: BootMaker;
  readonly #directory: ShardDirectory;
  readonly #launching: Launching;
  readonly #kept: KeptAddresses;
  readonly #node: { readonly closedBy: OsierError | null };
  /** Settles when the reloads so far are done. */
  #reloaded: Promise<unknown> = Promise.resolve();

  constructor(
    runtime: Runtime,
    boots: BootMaker,
    directory: ShardDirectory,
    launching: Launching,
    kept: KeptAddresses,
    node: { readonly closedBy: OsierError | null },
  ) {
    this.#runtime = runtime;
    this.#boots = boots;
    this.#directory = directory;
    this.#launching = launching;
    this.#kept = kept;
    this.#node = node;
  }

  /** Errors: as {@link MeshNode.reload}. */
  reload(changes: ReloadOptions): Promise<void> {
    return rejecting(() => {
      const { network, peers, statements } = parseReload(changes);
      const reloaded = this.#reloaded.then(async () => {
        this.#throwWhenClosed();
        const secrets = network === null ? null : await networkSecretsOf(network);
        this.#throwWhenClosed();
        // What can fail comes first.
        if (peers !== null) await this.#kept.replace(peers);
        if (secrets !== null || statements.length > 0) await this.#use(secrets, statements);
      });
      this.#reloaded = reloaded.catch(() => {});
      return reloaded;
    });
  }

  /** Whichever shard runs from now on has these, also one that was started with those before. Secrets that are `null` stay. */
  async #use(secrets: BootMaker['networkSecrets'] | null, statements: readonly Uint8Array[]): Promise<void> {
    if (secrets !== null) this.#boots.networkSecrets = secrets;
    for (const statement of statements) this.#boots.statements.add(statement, 'operator');
    const changes = { secrets, statements };
    // Nobody waits for one that is starting: that may take as long as its modules like.
    for (const shard of this.#launching.starting) this.#tell(shard, changes).catch(() => {});
    await Promise.all(this.#directory.running.map((shard) => this.#tell(shard, changes)));
    this.#throwWhenClosed();
  }

  /** One that dies before it answers is started again with what is new. One that is stuck answers nobody, and has it when it wakes. */
  async #tell(shard: ShardLink, changes: ShardCalls['reload']['args']): Promise<void> {
    try {
      await unlessStuck(this.#runtime, shard, (signal) => shard.call('reload', changes, signal));
    } catch (error) {
      if (shard.isRunning && !OsierError.is(error, 'ERR_OSIER_SHARD_FAILED')) throw error;
    }
  }

  #throwWhenClosed(): void {
    if (this.#node.closedBy !== null) throw this.#node.closedBy;
  }
}
