import { osierError } from '../errors/index.js';
import { durationOption } from '../errors/option-checks.js';
import type { Identity } from '../identity/index.js';
import { createMeshNode, type MeshNode } from '../node/mesh-node.js';
import type { Machine } from './machine.js';
import { checkNodeOptions, type SimNodeOptions } from './options.js';
import { SeededRandom } from './seeded-random.js';
import { SimRuntime } from './sim-runtime.js';
import type { VirtualNetwork } from './virtual-network.js';

/** A virtual machine with one node at a time. */
export interface SimHost {
  readonly name: string;
  /**
   * Starts a node here. Without an identity it has that of the host: a second start is a restart of the same node. Errors: those of
   * {@link MeshNode.create}; LISTEN_FAILED while another node runs here; NODE_CLOSED when it is killed meanwhile.
   */
  start(options?: SimNodeOptions): Promise<MeshNode>;
  /** Kills the node without a word to its peers. */
  crash(): void;
  /** Stops the node as SIGSTOP would, for as long as given. */
  freeze(durationMs: number): void;
  /** Gives the host another address (roaming), or its router another mapping. */
  renumber(): void;
}

/** What a host's nodes have unless they are told otherwise, and what hosts tell the network. */
export interface HostContext {
  readonly network: VirtualNetwork;
  readonly seed: string;
  readonly networkSecret: Uint8Array;
  onProgramRuns(): void;
}

interface Start {
  readonly runtime: SimRuntime;
  readonly node: Promise<MeshNode>;
  isKilled: boolean;
}

/** A host as its network has it. */
export class VirtualHost implements SimHost {
  readonly machine: Machine;
  readonly #context: HostContext;
  readonly #identity: Identity;
  readonly #starts: Start[] = [];

  constructor(context: HostContext, machine: Machine, identity: Identity) {
    this.#context = context;
    this.machine = machine;
    this.#identity = identity;
  }

  get name(): string {
    return this.machine.name;
  }

  async start(options: SimNodeOptions = {}): Promise<MeshNode> {
    checkNodeOptions(options);
    const { network, seed, networkSecret } = this.#context;
    const random = new SeededRandom(seed, `start ${this.#starts.length} of ${JSON.stringify(this.name)}`);
    const runtime = new SimRuntime(network, this.machine, random, () => this.#context.onProgramRuns());
    const whole = { ...options, identity: options.identity ?? this.#identity, network: options.network ?? { secret: networkSecret } };
    const start: Start = { runtime, node: createMeshNode(whole, runtime), isKilled: false };
    this.#starts.push(start);
    const node = await start.node;
    if (start.isKilled) throw osierError('ERR_OSIER_NODE_CLOSED', `The host '${this.name}' was killed while its node started.`, {});
    return node;
  }

  crash(): void {
    for (const start of this.#starts) {
      if (start.isKilled) continue;
      start.isKilled = true;
      start.runtime.unplug();
      void close(start);
    }
    // It was the node that was stopped, and that is gone.
    this.machine.thaw();
  }

  freeze(durationMs: number): void {
    this.#context.network.freeze(this.machine, durationOption('durationMs', durationMs ?? Number.NaN, 0));
  }

  renumber(): void {
    this.#context.network.renumber(this.machine);
  }

  /** Ends every node that was started here. */
  async close(): Promise<void> {
    await Promise.all(this.#starts.map(close));
  }
}

/** Ends a node, also one that is not there yet. */
async function close({ node, runtime, isKilled }: Start): Promise<void> {
  const started = await node.catch(() => null);
  // What was bound after the kill is not to be heard either.
  if (isKilled) runtime.unplug();
  await started?.close({ timeoutMs: 0 });
}
