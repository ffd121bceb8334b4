import { EventEmitter } from 'node:events';
import type { MeshNodeEvents, MeshNodeOptions } from '../api/node.js';
import type { Path } from '../api/peers.js';
import type { Logger } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import type { NodeId } from '../identity/index.js';
import { NodeCore } from '../node/node-core.js';
import { Counter } from '../node/node-counters.js';
import { type MeshPeer, PinTable } from '../peer/index.js';
import { optionsOf, type ShardBoot, type StartedShard } from './boot.js';
import { encodeError, pack, unpack } from './error-codec.js';
import { HostCalls } from './host-calls.js';
import { HostControl } from './host-control.js';
import { HostPeers } from './host-peers.js';
import { HostStreams } from './host-streams.js';
import { Outbox, type Poster } from './outbox.js';
import type { FromShard, ToShard } from './protocol.js';

/** Counters that nothing was told of are this old at most, for the first {@link PUBLISHED_PEERS} peers and {@link PUBLISHED_STREAMS} streams; for more, a multiple. */
const PUBLISH_INTERVAL_MS = 100;
const PUBLISHED_PEERS = 256;
const PUBLISHED_STREAMS = 256;

/** A candidate that the main thread was asked about. */
type Ask = { resolve(admitted: boolean): void; reject(error: unknown): void };

/** What leads to the main thread. */
export interface ShardPort extends Poster {
  /** The thread may end. */
  close(): void;
}

/** One shard, in its own thread: a whole node, and what leads from it to the main thread. */
export class ShardHost {
  readonly core: NodeCore;
  readonly peers: HostPeers;
  readonly streams: HostStreams;
  /** Protocols with a handler on the main thread, as far as this shard has heard. */
  readonly handledElsewhere: Set<string>;
  readonly #outbox: Outbox<FromShard>;
  readonly #port: ShardPort;
  readonly #control: HostControl | null;
  readonly #counters: BigUint64Array;
  readonly #words: BigUint64Array;
  readonly #calls: HostCalls;
  readonly #asks: Map<number, Ask>;
  readonly #pins: PinTable;
  readonly #index: number;
  #info = '';

  private constructor(boot: ShardBoot, core: NodeCore, parts: HostParts) {
    this.core = core;
    this.#index = boot.index;
    this.peers = parts.peers;
    this.streams = parts.streams;
    this.handledElsewhere = new Set(boot.handled);
    this.#outbox = parts.outbox;
    this.#port = parts.port;
    this.#control = parts.control;
    this.#asks = parts.asks;
    this.#pins = parts.pins;
    this.#counters = new BigUint64Array(boot.counters);
    this.#words = new BigUint64Array(this.#counters.length);
    this.#calls = new HostCalls(parts.outbox, this);
    const events = new EventEmitter<MeshNodeEvents>();
    events.on('peer', (peer) => this.peers.onKnown(peer as MeshPeer));
    events.on('warning', (error) => parts.outbox.push({ op: 'warning', error: encodeError(error) }));
    events.on('close', (failure) => failure !== null && this.#fail(failure));
    core.events = events;
    parts.beforePost = () => this.#publish();
    parts.beforeHandling = () => this.#publishStreamsOpen();
  }

  /** Starts the node. Errors: as `NodeCore.start`. */
  static async start(boot: ShardBoot, runtime: Runtime, port: ShardPort): Promise<ShardHost> {
    const parts = new HostParts(boot, runtime, port);
    const { outbox, peers, streams, control } = parts;
    const accept: MeshNodeOptions['accept'] = boot.asks ? (candidate) => parts.ask(candidate) : undefined;
    const core = await NodeCore.start(optionsOf(boot, accept, boot.logs ? loggerTo(outbox) : null), runtime, {
      index: boot.index,
      shards: boot.shards,
      instance: boot.instance,
      group: boot.group,
      routing: control?.routing ?? null,
      pins: parts.pins,
      tap: peers,
      forward: (context, incoming) => streams.forward(context, incoming),
      beforeHandling: () => parts.beforeHandling(),
      onMade: (peer) => control?.onMade(peer),
      onGone: (peer) => {
        control?.onGone(peer);
        peers.onGone(peer);
      },
    });
    if (control !== null) control.core = core;
    for (const { bytes, from } of boot.statements) core.statements.add(bytes, from);
    core.statements.onNew((_, bytes, from) => from !== 'operator' && outbox.push({ op: 'statement', bytes, from }));
    return new ShardHost(boot, core, parts);
  }

  /** The sockets are bound: that is told before anything else can take time. */
  onBound(): void {
    this.tell({ op: 'bound' });
    this.#outbox.flush();
  }

  /** The modules are loaded: callers are answered when the main thread says so. */
  onReady(): void {
    const started: StartedShard = { sockets: this.core.sockets, info: this.core.info() };
    this.#info = JSON.stringify(started.info);
    this.tell({ op: 'started', facts: started });
    setInterval(() => this.#refresh(), PUBLISH_INTERVAL_MS).unref();
  }

  tell(entry: FromShard): void {
    this.#outbox.push(entry);
  }

  /** What the main thread says. */
  hear(entries: readonly ToShard[]): void {
    for (const entry of entries) this.#hear(entry);
  }

  async place(id: NodeId, signal: AbortSignal): Promise<number | null> {
    return this.#control === null ? this.#index : this.#control.place(id, signal);
  }

  readonly unplace = (id: NodeId): void => this.#control?.onGone({ id });

  onClosed(): void {
    this.peers.publishAll();
  }

  onOver(): void {
    // What waited for something else has its answer by then.
    setImmediate(() => {
      this.#outbox.flush();
      this.#port.close();
    });
  }

  /** What the node runs on, where that has changed. */
  tellInfo(): void {
    const info = this.core.info();
    if (JSON.stringify(info) === this.#info) return;
    this.#info = JSON.stringify(info);
    this.tell({ op: 'info', info });
  }

  #hear(entry: ToShard): void {
    switch (entry.op) {
      case 'call':
        this.#calls.begin(entry.call, entry.name, unpack(entry.args));
        return;
      case 'cancel':
        this.#calls.cancel(entry.call);
        return;
      case 'begin':
        this.core.answer();
        return;
      case 'admit':
        this.#onAdmit(entry.ask, entry.admitted, entry.error);
        return;
      case 'control':
        this.#control?.attach(entry.shard, entry.port);
        return;
      case 'shardGone':
        this.#control?.detach(entry.shard);
        return;
      case 'pin':
        this.#pins.adoptFree(entry.hosts, entry.id);
        return;
      case 'statement':
        this.core.statements.add(entry.bytes, entry.from);
        return;
      case 'forgotten':
        this.peers.onForgotten(entry.peer);
        return;
      case 'handled':
        if (entry.handled) this.handledElsewhere.add(entry.protocol);
        else this.handledElsewhere.delete(entry.protocol);
        return;
      default:
        this.streams.obey(entry);
    }
  }

  #onAdmit(number: number, admitted: boolean, error: unknown): void {
    const ask = this.#asks.get(number);
    this.#asks.delete(number);
    if (error === undefined) ask?.resolve(admitted);
    else ask?.reject(unpack(error));
  }

  /** Nobody can use this shard any more; the main thread starts another one. */
  #fail(failure: Error): void {
    this.peers.publishAll();
    this.tell({ op: 'failed', error: encodeError(failure) });
  }

  /** Before anything is told: what was counted by then. */
  #publish(): void {
    this.core.counters.read(this.#words);
    this.#words[Counter.memoryBytes] = (this.#words[Counter.memoryBytes] ?? 0n) + BigInt(this.streams.crossingBytes);
    this.#words.forEach((count, word) => void Atomics.store(this.#counters, word, count));
    this.peers.publishTouched();
  }

  /** So that the close of a stuck shard knows what it cuts. */
  #publishStreamsOpen(): void {
    this.core.counters.read(this.#words);
    Atomics.store(this.#counters, Counter.streamsOpen, this.#words[Counter.streamsOpen] ?? 0n);
  }

  #refresh(): void {
    this.#publish();
    this.peers.publishSome(PUBLISHED_PEERS);
    this.streams.tellSome(PUBLISHED_STREAMS);
    this.tellInfo();
  }
}

/** What a shard's node needs before it is there. */
class HostParts {
  readonly outbox: Outbox<FromShard>;
  readonly peers: HostPeers;
  readonly streams: HostStreams;
  readonly asks = new Map<number, Ask>();
  /** `null` where there is one shard only. */
  readonly control: HostControl | null;
  readonly pins: PinTable;
  beforePost: () => void = () => {};
  beforeHandling: () => void = () => {};
  #lastAsk = 0;

  readonly port: ShardPort;

  constructor(boot: ShardBoot, { clock }: Runtime, port: ShardPort) {
    this.port = port;
    this.control =
      boot.group === null
        ? null
        : new HostControl(
            boot,
            () => clock.nowMs(),
            ({ id }, hosts, reason) => this.outbox.push({ op: 'keptElsewhere', id, hosts, reason }),
          );
    this.pins = new PinTable(boot.pins, (hosts, id) => this.outbox.push({ op: 'pinned', hosts, id }));
    this.outbox = new Outbox<FromShard>(port, afterSending, () => this.beforePost());
    this.peers = new HostPeers(this.outbox);
    this.streams = new HostStreams(this.outbox, this.peers, boot.crossingBytes);
  }

  /** Asks the application on the main thread. */
  ask(candidate: { readonly id: NodeId; readonly path: Path }): Promise<boolean> {
    const ask = ++this.#lastAsk;
    this.outbox.push({ op: 'ask', ask, candidate });
    return new Promise((resolve, reject) => this.asks.set(ask, { resolve, reject }));
  }
}

/** After the turn's packets have gone out: what is counted then is told with what it belongs to. */
function afterSending(callback: () => void): void {
  setImmediate(callback);
}

function loggerTo(outbox: Outbox<FromShard>): Logger {
  const at = (level: keyof Logger) => (fields: object, message: string) => outbox.push({ op: 'log', level, fields: pack(fields), message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
