import { MessageChannel } from 'node:worker_threads';
import type { ReloadOptions } from '../api/node.js';
import type { SocketAddress } from '../api/peers.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { CloseReport } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import type { NodeId } from '../identity/index.js';
import type { Credentials } from '../node/credentials.js';
import { joinedReports } from '../node/node-closing.js';
import type { ParsedNodeOptions } from '../node/options.js';
import { publish } from '../observe/index.js';
import { revoked } from '../peer/index.js';
import { BindingDoubts } from './binding-doubts.js';
import { BootMaker, type StartedShard } from './boot.js';
import { CrossingBudget, memoryPartsOf } from './crossing-budget.js';
import { KeptAddresses } from './kept-addresses.js';
import { Launching } from './launching.js';
import { PatientConnecting } from './patient-connecting.js';
import type { ToShard } from './protocol.js';
import type { RemotePeers } from './remote-peers.js';
import { Restarts } from './restarts.js';
import { ShardDirectory } from './shard-directory.js';
import { placeUnknown, shardNotStarted, steeringRefused } from './shard-errors.js';
import { ShardLink, type ShardNews, type ShardOwner } from './shard-link.js';
import type { ShardPlan } from './shard-plan.js';
import { ShardReloads } from './shard-reloads.js';
import { ShardTotals } from './shard-totals.js';
import { Steering } from './steering.js';

/** The shard that knows where peers live. */
const CONTROL = 0;

/** What the shards of a node need of it. */
export interface ShardsListener {
  readonly peers: RemotePeers;
  readonly closedBy: OsierError | null;
  /** Protocols that have a handler on this thread. */
  readonly handled: readonly string[];
  onNews(shard: ShardLink, news: ShardNews): void;
  /** Its modules are loaded. */
  onStarted(shard: ShardLink): void;
  /** A shard is gone: its peers have no home. */
  onDeath(shard: ShardLink, error: OsierError): void;
  warn(error: OsierError): void;
}

/** All shards of a node: starts them, starts them again, and ends them. */
export class Shards implements ShardOwner {
  readonly directory: ShardDirectory;
  readonly connecting: PatientConnecting;
  readonly kept: KeptAddresses;
  /** Of what the streams of this thread have on its way to the shards. */
  readonly crossing: CrossingBudget;
  readonly #plan: ShardPlan;
  readonly #runtime: Runtime;
  readonly #boots: BootMaker;
  readonly #listener: ShardsListener;
  readonly #totals: ShardTotals;
  readonly #steering: Steering;
  readonly #doubts = new BindingDoubts();
  readonly #launching: Launching;
  readonly #restarts: Restarts;
  readonly #reloads: ShardReloads;
  #started: StartedShard | null = null;
  /** Callers are answered. */
  #hasBegun = false;

  constructor(options: ParsedNodeOptions, runtime: Runtime, credentials: Credentials, plan: ShardPlan, listener: ShardsListener) {
    this.#plan = plan;
    this.#runtime = runtime;
    this.#listener = listener;
    this.#boots = new BootMaker(options, runtime, credentials, plan, (id) => listener.peers.get(id) !== undefined);
    this.crossing = new CrossingBudget(memoryPartsOf(options.limits.memoryBytes).toShards);
    this.#totals = new ShardTotals(this.crossing);
    this.#steering = new Steering(
      runtime,
      () => (plan.count === 1 ? [] : this.directory.running),
      (cause) => this.#listener.warn(steeringRefused(this.directory.running[0]?.index ?? CONTROL, cause)),
    );
    this.#launching = new Launching(runtime);
    this.#restarts = new Restarts(
      runtime,
      (index) => this.#relaunch(index),
      (index, cause) => this.#warn(index, cause),
    );
    this.directory = new ShardDirectory(listener.peers, plan.count, runtime);
    this.connecting = new PatientConnecting(runtime, this.directory);
    this.kept = new KeptAddresses(credentials.identity.id, this.directory, listener.peers, runtime, (error) => listener.warn(error));
    this.#reloads = new ShardReloads(runtime, this.#boots, this.directory, this.#launching, this.kept, listener);
  }

  get sockets(): readonly SocketAddress[] {
    return this.#started?.sockets ?? [];
  }

  /** Starts all, one after another. Errors: as `NodeCore.start`; SHARD_FAILED. */
  async start(): Promise<void> {
    try {
      for (let index = 0; index < this.#plan.count; index++) await this.#launch(index);
      await this.#steering.apply();
    } catch (error) {
      this.#steering.close();
      this.#restarts.close();
      this.kept.close();
      await Promise.all([this.#launching.close(), ...this.directory.running.map((shard) => shard.terminate())]);
      throw error;
    }
  }

  /** Callers are answered from now on. */
  begin(): void {
    this.#hasBegun = true;
    for (const shard of this.directory.running) shard.outbox.push({ op: 'begin' });
  }

  /** Errors: as {@link MeshNode.reload}. */
  reload(changes: ReloadOptions): Promise<void> {
    return this.#reloads.reload(changes);
  }

  /** REVOKED where the owner of an id has ended it. */
  revocationOf(id: NodeId): OsierError | null {
    const statement = this.#boots.statements.get(id);
    return statement === undefined ? null : revoked(statement);
  }

  /** A neighbour told `shard` a statement: the others are to have it as well, also those that are started later. */
  onStatement(shard: ShardLink, bytes: Uint8Array, from: NodeId): void {
    if (this.#boots.statements.add(bytes, from) !== 'new') return;
    for (const other of [...this.directory.running, ...this.#launching.starting]) {
      if (other !== shard) other.outbox.push({ op: 'statement', bytes, from });
    }
  }

  tellAll(entry: ToShard): void {
    for (const shard of [...this.directory.running, ...this.#launching.starting]) shard.outbox.push(entry);
  }

  /** As `NodeCounters.read` of one node, of all shards together. */
  get words(): BigUint64Array {
    return this.#totals.words(this.directory.running);
  }

  stats(peersConnected: number): NodeStats {
    return this.#totals.stats(this.directory.running, peersConnected);
  }

  info(): NodeInfo {
    const info = this.#started?.info;
    if (info === undefined) throw new Error('the shards have not started');
    const { count, reason } = this.#plan;
    return { ...info, shards: count, reasons: reason === null ? info.reasons : [reason, ...info.reasons] };
  }

  onInfo(info: NodeInfo): void {
    if (this.#started !== null) this.#started = { ...this.#started, info };
  }

  /** Never rejects; what waits for shards fails with `error`. */
  async close(timeoutMs: number, reason: string, error: OsierError): Promise<CloseReport> {
    this.connecting.close(error);
    this.#steering.close();
    this.#restarts.close();
    this.kept.close();
    const starting = this.#launching.close();
    const reports = this.directory.running.map((shard) => this.#closeOne(shard, timeoutMs, reason));
    await starting;
    return joinedReports(await Promise.all(reports));
  }

  // ---- from the shards ----

  onNews(shard: ShardLink, news: ShardNews): void {
    this.#listener.onNews(shard, news);
  }

  onBound(shard: ShardLink): void {
    this.#steering.bound(shard.index);
    this.#doubts.bound(shard);
  }

  onDeath(shard: ShardLink, error: OsierError): void {
    const { index } = shard;
    // One that was to be added is started again by whoever started it.
    if (!this.directory.running.includes(shard)) {
      this.#totals.retire(shard);
      return;
    }
    this.#forget(shard);
    this.#endDoubts(shard);
    this.connecting.onChange();
    publish('osier:shard', () => ({ index, event: 'failed' }));
    this.#listener.onDeath(shard, error);
    this.#listener.warn(error);
    this.#restarts.onDied(index);
    void this.#steering.refresh();
    void this.kept.redistribute();
  }

  /** Rejects when the shard did not start: nothing is left of it then. */
  async #relaunch(index: number): Promise<void> {
    await this.#launch(index);
    await this.#steering.refresh();
    await this.kept.redistribute();
  }

  #launch(index: number): Promise<void> {
    const make = (): ShardLink => {
      const pins = index === CONTROL ? this.directory.pins.pins : [];
      return new ShardLink(this.#boots.make(index, this.#listener.handled, this.sockets, pins), this.#runtime, this);
    };
    return this.#launching.launch(index, make, {
      onStarted: (shard, started) => this.#onStarted(shard, started),
      onFailed: (shard) => {
        // Others may have bound theirs meanwhile, and the kernel has moved the last of them.
        if (this.#steering.gone(index)) void this.#steering.refresh();
        this.#endDoubts(shard);
      },
    });
  }

  #onStarted(shard: ShardLink, started: StartedShard): void {
    const { index } = shard;
    this.#started = started;
    this.#restarts.onStarted(index);
    this.directory.add(shard);
    this.#listener.onStarted(shard);
    this.#introduce(shard);
    if (this.#hasBegun) shard.outbox.push({ op: 'begin' });
    this.connecting.onChange();
    publish('osier:shard', () => ({ index, event: 'started' }));
  }

  /** Leads the other shards and the one that knows where peers live to one another. */
  #introduce(shard: ShardLink): void {
    for (const other of this.directory.running) {
      if (other === shard || (other.index !== CONTROL && shard.index !== CONTROL)) continue;
      const { port1, port2 } = new MessageChannel();
      shard.outbox.push({ op: 'control', shard: other.index, port: port1 }, port1);
      other.outbox.push({ op: 'control', shard: shard.index, port: port2 }, port2);
    }
  }

  /** Those whose place in the order of sockets is unknown since that ended start again. */
  #endDoubts(ended: ShardLink): void {
    for (const shard of this.#doubts.gone(ended)) if (this.#listener.closedBy === null) shard.kill(placeUnknown(ended.index));
  }

  /** It does not run any more. */
  #forget(shard: ShardLink): void {
    this.directory.remove(shard);
    this.#steering.gone(shard.index);
    this.#totals.retire(shard);
    for (const other of this.directory.running) {
      if (other.index === CONTROL || shard.index === CONTROL) other.outbox.push({ op: 'shardGone', shard: shard.index });
    }
  }

  async #closeOne(shard: ShardLink, timeoutMs: number, reason: string): Promise<CloseReport> {
    const report = await shard.close({ timeoutMs, reason });
    this.#forget(shard);
    publish('osier:shard', () => ({ index: shard.index, event: 'stopped' }));
    return report;
  }

  #warn(index: number, cause: unknown): void {
    this.#listener.warn(OsierError.is(cause) ? (cause as OsierError) : shardNotStarted(index, textOf(cause)));
  }
}
