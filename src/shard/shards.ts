import type { ReloadOptions } from '../api/node.js';
import type { SocketAddress } from '../api/peers.js';
import type { NodeInfo, NodeStats } from '../api/stats.js';
import type { CloseReport } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import type { OsierError } from '../errors/index.js';
import { rejecting } from '../errors/option-checks.js';
import { INSTANCE_BYTES } from '../handshake/index.js';
import { formatAddress, type NodeAddress, seedOf } from '../identity/index.js';
import { type Credentials, networkSecretsOf } from '../node/credentials.js';
import { joinedReports } from '../node/node-closing.js';
import { COUNTER_WORDS, nodeStatsOf } from '../node/node-counters.js';
import type { ParsedNodeOptions } from '../node/options.js';
import { parseReload } from '../node/reload.js';
import { plainOptionsOf, type ShardBoot } from './boot.js';
import type { ToShard } from './protocol.js';
import type { RemotePeer } from './remote-peer.js';
import type { RemotePeers } from './remote-peers.js';
import { ShardLink, type ShardNews, type ShardOwner } from './shard-link.js';

/** What the shards of a node need of it. */
export interface ShardsListener {
  readonly peers: RemotePeers;
  readonly closedBy: OsierError | null;
  /** Protocols that have a handler on this thread. */
  readonly handled: readonly string[];
  onNews(shard: ShardLink, news: ShardNews): void;
}

/** How to connect. */
export interface ConnectRequest {
  readonly byId: boolean;
  readonly keep: string | null;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All shards of a node. */
export class Shards implements ShardOwner {
  readonly #options: ParsedNodeOptions;
  readonly #runtime: Runtime;
  readonly #credentials: Credentials;
  readonly #listener: ShardsListener;
  readonly #instance: string;
  #links: ShardLink[] = [];
  #sockets: readonly SocketAddress[] = [];
  #info: NodeInfo | null = null;
  /** Settles when the reloads so far are done. */
  #reloaded: Promise<unknown> = Promise.resolve();
  #last: { readonly stats: NodeStats; readonly info: NodeInfo } | null = null;

  constructor(options: ParsedNodeOptions, runtime: Runtime, credentials: Credentials, listener: ShardsListener) {
    this.#options = options;
    this.#runtime = runtime;
    this.#credentials = credentials;
    this.#listener = listener;
    this.#instance = Buffer.from(runtime.randomBytes(INSTANCE_BYTES)).toString('hex');
  }

  get sockets(): readonly SocketAddress[] {
    return this.#sockets;
  }

  /** Starts all. Errors: as `NodeCore.start`; SHARD_FAILED. */
  async start(): Promise<void> {
    const link = new ShardLink(this.#boot(0), this.#runtime, this);
    this.#links.push(link);
    const { sockets, info } = await link.started;
    this.#sockets = sockets;
    this.#info = info;
  }

  /** Keeps the peers at `addresses` connected, and those of before no longer. Errors: LIMIT. */
  async keep(addresses: readonly NodeAddress[]): Promise<void> {
    await this.#first.call('reload', { secrets: null, peers: addresses.map(formatAddress) });
  }

  async connect(address: NodeAddress, { byId, keep, timeoutMs, signal }: ConnectRequest): Promise<RemotePeer> {
    const shard = this.#first;
    const value = await shard.call('connect', { target: formatAddress(address), byId, keep, timeoutMs }, signal);
    const peer = 'peer' in value ? this.#listener.peers.in(shard, value.peer) : undefined;
    if (peer === undefined) throw new Error('the shard connected a peer that it did not tell of');
    if ('verified' in value) peer.onVerified(value.verified);
    peer.addHosts(address.hosts);
    return peer;
  }

  /** Errors: as {@link MeshNode.reload}. */
  reload(changes: ReloadOptions): Promise<void> {
    return rejecting(() => {
      const { network, peers } = parseReload(changes);
      const reloaded = this.#reloaded.then(async () => {
        if (this.#listener.closedBy !== null) throw this.#listener.closedBy;
        const secrets = network === null ? null : await networkSecretsOf(network);
        await this.#first.call('reload', { secrets, peers: peers?.map(formatAddress) ?? null });
      });
      this.#reloaded = reloaded.catch(() => {});
      return reloaded;
    });
  }

  tellAll(entry: ToShard): void {
    for (const link of this.#links) link.outbox.push(entry);
  }

  stats(peersConnected: number): NodeStats {
    if (this.#last !== null) return this.#last.stats;
    const sum = new BigUint64Array(COUNTER_WORDS);
    for (const { counters } of this.#links)
      for (let word = 0; word < COUNTER_WORDS; word++) sum[word] = (sum[word] ?? 0n) + Atomics.load(counters, word);
    return nodeStatsOf(sum, peersConnected);
  }

  info(): NodeInfo {
    if (this.#last !== null) return this.#last.info;
    if (this.#info === null) throw new Error('the shards have not started');
    return { ...this.#info, shards: this.#links.length };
  }

  onInfo(_shard: ShardLink, info: NodeInfo): void {
    this.#info = info;
  }

  /** Never rejects. */
  async close(timeoutMs: number, reason: string): Promise<CloseReport> {
    const reports = await Promise.all(this.#links.map((link) => this.#close(link, timeoutMs, reason)));
    const report = joinedReports(reports);
    this.#last = { stats: this.stats(0), info: this.info() };
    return report;
  }

  onNews(shard: ShardLink, news: ShardNews): void {
    this.#listener.onNews(shard, news);
  }

  onDeath(_shard: ShardLink, _error: OsierError): void {}

  async #close(link: ShardLink, timeoutMs: number, reason: string): Promise<CloseReport> {
    const streams = link.streams.size;
    const lost = (): CloseReport => (streams === 0 ? { status: 'drained' } : { status: 'cut', streams, unacknowledgedBytes: 0n });
    const report = await link.call('close', { timeoutMs, reason }).then((value) => value as CloseReport, lost);
    await link.stop();
    return report;
  }

  get #first(): ShardLink {
    const [first] = this.#links;
    if (first === undefined) throw new Error('there are no shards');
    return first;
  }

  #boot(index: number): ShardBoot {
    const { listen, accept, logger, handlers } = this.#options;
    return {
      ...plainOptionsOf(this.#options, 1),
      index,
      sharesPort: false,
      instance: this.#instance,
      seed: seedOf(this.#credentials.identity),
      networkSecrets: this.#credentials.networkSecrets,
      listen,
      asks: accept !== undefined,
      logs: logger !== null,
      handlers: handlers?.href ?? null,
      handled: this.#listener.handled,
      rekeyIntervals: this.#runtime.rekeyIntervals ?? null,
      counters: new SharedArrayBuffer(COUNTER_WORDS * BigUint64Array.BYTES_PER_ELEMENT),
    };
  }
}
