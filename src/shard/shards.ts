import { MessageChannel } from 'node:worker_threads';
import type { ReloadOptions } from '../api/node.js';
import type { SocketAddress } from '../api/peers.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { CloseReport } from '../api/waiting.js';
import type { Runtime, Timer } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { rejecting } from '../errors/option-checks.js';
import { textOf } from '../errors/text-of.js';
import { type Credentials, networkSecretsOf } from '../node/credentials.js';
import { joinedReports } from '../node/node-closing.js';
import type { ParsedNodeOptions } from '../node/options.js';
import { parseReload } from '../node/reload.js';
import { publish } from '../observe/index.js';
import { BootMaker, type StartedShard } from './boot.js';
import { KeptAddresses } from './kept-addresses.js';
import type { ToShard } from './protocol.js';
import type { RemotePeers } from './remote-peers.js';
import { RestartPace } from './restart-pace.js';
import { ShardDirectory } from './shard-directory.js';
import { shardNotStarted } from './shard-errors.js';
import { ShardLink, type ShardNews, type ShardOwner } from './shard-link.js';
import type { ShardPlan } from './shard-plan.js';
import { ShardTotals } from './shard-totals.js';
import { SteeringOrder } from './steering-order.js';

/** The shard that knows where peers live. */
const CONTROL = 0;

/** What the shards of a node need of it. */
export interface ShardsListener {
  readonly peers: RemotePeers;
  readonly closedBy: OsierError | null;
  /** Protocols that have a handler on this thread. */
  readonly handled: readonly string[];
  onNews(shard: ShardLink, news: ShardNews): void;
  /** A shard is gone: its peers have no home. */
  onDeath(shard: ShardLink, error: OsierError): void;
  warn(error: OsierError): void;
}

/** All shards of a node: starts them, starts them again, and ends them. */
export class Shards implements ShardOwner {
  readonly directory: ShardDirectory;
  readonly kept: KeptAddresses;
  readonly #plan: ShardPlan;
  readonly #runtime: Runtime;
  readonly #boots: BootMaker;
  readonly #listener: ShardsListener;
  readonly #totals = new ShardTotals();
  readonly #order = new SteeringOrder();
  readonly #paces = new Map<number, RestartPace>();
  readonly #startedAtMs = new Map<number, number>();
  readonly #restarts = new Set<Timer>();
  readonly #starting = new Set<ShardLink>();
  #started: StartedShard | null = null;
  #isClosing = false;
  /** Settles when the reloads so far are done. */
  #reloaded: Promise<unknown> = Promise.resolve();

  constructor(options: ParsedNodeOptions, runtime: Runtime, credentials: Credentials, plan: ShardPlan, listener: ShardsListener) {
    this.#plan = plan;
    this.#runtime = runtime;
    this.#listener = listener;
    this.#boots = new BootMaker(options, runtime, credentials, plan);
    this.directory = new ShardDirectory(listener.peers, plan.count);
    this.kept = new KeptAddresses(credentials.identity.id, this.directory, listener.peers);
  }

  get sockets(): readonly SocketAddress[] {
    return this.#started?.sockets ?? [];
  }

  /** Starts all, one after another. Errors: as `NodeCore.start`; SHARD_FAILED. */
  async start(): Promise<void> {
    try {
      for (let index = 0; index < this.#plan.count; index++) await this.#launch(index);
      await this.#steer();
    } catch (error) {
      this.#isClosing = true;
      await Promise.all([...this.directory.running, ...this.#starting].map((shard) => shard.terminate()));
      throw error;
    }
  }

  /** Errors: as {@link MeshNode.reload}. */
  reload(changes: ReloadOptions): Promise<void> {
    return rejecting(() => {
      const { network, peers } = parseReload(changes);
      const reloaded = this.#reloaded.then(async () => {
        this.#throwWhenClosed();
        const secrets = network === null ? null : await networkSecretsOf(network);
        this.#throwWhenClosed();
        // What can fail comes first.
        if (peers !== null) await this.kept.replace(peers);
        if (secrets === null) return;
        this.#boots.networkSecrets = secrets;
        await Promise.all(this.directory.running.map((shard) => shard.call('reload', { secrets, peers: null })));
      });
      this.#reloaded = reloaded.catch(() => {});
      return reloaded;
    });
  }

  tellAll(entry: ToShard): void {
    for (const shard of [...this.directory.running, ...this.#starting]) shard.outbox.push(entry);
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

  /** Never rejects. */
  async close(timeoutMs: number, reason: string): Promise<CloseReport> {
    this.#isClosing = true;
    for (const timer of this.#restarts) timer.cancel();
    const starting = [...this.#starting].map((shard) => shard.terminate());
    const reports = this.directory.running.map((shard) => this.#closeOne(shard, timeoutMs, reason));
    await Promise.all(starting);
    return joinedReports(await Promise.all(reports));
  }

  // ---- from the shards ----

  onNews(shard: ShardLink, news: ShardNews): void {
    this.#listener.onNews(shard, news);
  }

  onDeath(shard: ShardLink, error: OsierError): void {
    const { index } = shard;
    // One that was to be added is started again by whoever started it.
    if (!this.directory.running.includes(shard)) {
      this.#totals.retire(shard);
      return;
    }
    this.#forget(shard);
    publish('osier:shard', () => ({ index, event: 'failed' }));
    this.#listener.onDeath(shard, error);
    this.#listener.warn(error);
    const livedMs = this.#runtime.clock.nowMs() - (this.#startedAtMs.get(index) ?? 0);
    this.#restart(index, livedMs);
    this.#steer().catch((cause: unknown) => this.#warn(index, cause));
    void this.kept.redistribute();
  }

  #throwWhenClosed(): void {
    if (this.#listener.closedBy !== null) throw this.#listener.closedBy;
  }

  #restart(index: number, livedMs: number): void {
    if (this.#isClosing) return;
    const pace = this.#paces.get(index) ?? new RestartPace();
    this.#paces.set(index, pace);
    const timer = this.#runtime.setTimer(pace.next(livedMs), () => {
      this.#restarts.delete(timer);
      this.#relaunch(index).catch((cause: unknown) => {
        if (this.#isClosing) return;
        this.#warn(index, cause);
        this.#restart(index, 0);
      });
    });
    this.#restarts.add(timer);
  }

  async #relaunch(index: number): Promise<void> {
    await this.#launch(index);
    await this.#steer();
    await this.kept.redistribute();
  }

  async #launch(index: number): Promise<void> {
    const shard = new ShardLink(this.#boots.make(index, this.#listener.handled, this.sockets), this.#runtime, this);
    this.#starting.add(shard);
    try {
      this.#started = await shard.started;
    } finally {
      this.#starting.delete(shard);
    }
    if (!shard.isRunning) throw shardNotStarted(index, 'its thread ended');
    this.#startedAtMs.set(index, this.#runtime.clock.nowMs());
    this.directory.add(shard);
    this.#order.add(index);
    this.#introduce(shard);
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

  /** Has the kernel steer by the present order of the sockets. */
  async #steer(): Promise<void> {
    const [shard] = this.directory.running;
    if (this.#plan.count > 1 && shard !== undefined) await shard.call('steer', { order: this.#order.positions });
  }

  /** It does not run any more. */
  #forget(shard: ShardLink): void {
    this.directory.remove(shard);
    this.#order.remove(shard.index);
    this.#totals.retire(shard);
    for (const other of this.directory.running) {
      if (other.index === CONTROL || shard.index === CONTROL) other.outbox.push({ op: 'shardGone', shard: shard.index });
    }
  }

  async #closeOne(shard: ShardLink, timeoutMs: number, reason: string): Promise<CloseReport> {
    const streams = shard.streams.size;
    const lost = (): CloseReport => (streams === 0 ? { status: 'drained' } : { status: 'cut', streams, unacknowledgedBytes: 0n });
    const report = await shard.close({ timeoutMs, reason }).then((value) => value as CloseReport, lost);
    this.#forget(shard);
    publish('osier:shard', () => ({ index: shard.index, event: 'stopped' }));
    return report;
  }

  #warn(index: number, cause: unknown): void {
    this.#listener.warn(OsierError.is(cause) ? (cause as OsierError) : shardNotStarted(index, textOf(cause)));
  }
}
