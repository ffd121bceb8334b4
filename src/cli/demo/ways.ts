/** Which relays the packets of the demo go through. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeshNode, NodeId, Peer } from '../../index.js';
import { CommandError, ExitCode } from '../exit-codes.js';
import { monotonicMs } from './monotonic-clock.js';

/** How long the mesh may take to know both ways, and to leave a dead relay. */
const TIMEOUT_MS = 10_000;
const TRACE_TIMEOUT_MS = 1_000;
const LOOK_INTERVAL_MS = 5;

/** The ways from a node to one peer. Other nodes are called by their letters. */
export class Ways {
  private readonly node: MeshNode;
  private readonly peer: Peer;
  private readonly letters: ReadonlyMap<NodeId, string>;
  private readonly signal: AbortSignal;

  constructor(node: MeshNode, peer: Peer, others: readonly { readonly id: NodeId; readonly letter: string }[], signal: AbortSignal) {
    this.node = node;
    this.peer = peer;
    this.letters = new Map(others.map(({ id, letter }) => [id, letter]));
    this.signal = signal;
  }

  /** Resolves when a second way is known beside the one that is taken. */
  async two(): Promise<void> {
    await this.until(() => this.node.routes().some(({ id, backup }) => id === this.peer.id && backup !== null), 'A knows no second way to E');
  }

  /** The relay that packets go to first. */
  get first(): string {
    const { path } = this.peer;
    return path?.kind === 'relayed' ? this.letterOf(path.nextHop) : '?';
  }

  /** All relays on the way, as far as they answer. */
  async relays(): Promise<readonly string[]> {
    const { signal, peer } = this;
    const trace = await this.node.trace(peer.id, { signal, timeoutMs: TRACE_TIMEOUT_MS }).catch(() => null);
    signal.throwIfAborted();
    if (trace?.status !== 'complete') return [this.first];
    return trace.hops.slice(0, -1).map(({ id }) => this.letterOf(id));
  }

  /** All relays on the way, once this one is not the first of them. */
  async otherThan(letter: string): Promise<readonly string[]> {
    await this.until(() => this.first !== letter && this.first !== '?', `A did not leave the dead relay ${letter}`);
    return this.relays();
  }

  private letterOf(id: NodeId | null): string {
    return (id !== null && this.letters.get(id)) || '?';
  }

  private async until(isTrue: () => boolean, otherwise: string): Promise<void> {
    const endMs = monotonicMs() + TIMEOUT_MS;
    while (!isTrue()) {
      if (monotonicMs() > endMs) {
        throw new CommandError('ERR_CLI_NOT_REROUTED', ExitCode.interrupted, `in the transfer over relays, ${otherwise}; please report this.`);
      }
      await sleep(LOOK_INTERVAL_MS, undefined, { signal: this.signal });
    }
  }
}
