import '../engine/dispose-symbols.js';
import { EventEmitter } from 'node:events';
import type { Path, PathChange, Peer, PeerEvents, PeerState } from '../api/peers.js';
import type { TraceResult } from '../api/routing.js';
import type { PeerStats } from '../api/stats.js';
import type { ByteStream, OpenOptions, StreamKind, StreamOfKind } from '../api/streams.js';
import type { CloseOptions, CloseReport, TimedWaitOptions } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import type { OsierError } from '../errors/index.js';
import { closeTimeoutOption, durationOption, reasonOption, rejecting, signalOption } from '../errors/option-checks.js';
import { safely } from '../errors/safely.js';
import type { HostAndPort, NodeId } from '../identity/index.js';
import { publishStream } from '../observe/index.js';
import {
  countdown,
  Deadline,
  type OpenRequest,
  openTraced,
  type PeerStream,
  parseOpenOptions,
  peerClosed,
  type StreamShape,
  type TracingContext,
  tooSlow,
  WAIT_TIMEOUT_MS,
} from '../peer/index.js';
import { kindNumber, Patience } from '../stream/index.js';
import { added, type CounterSlot, NOTHING_COUNTED, readPeerStats, statsAtRest } from './peer-counters.js';
import type { StreamTold } from './protocol.js';
import type { RemotePort } from './remote-port.js';
import { STUCK_AFTER_MS } from './shard-errors.js';
import type { ShardLink } from './shard-link.js';

/** Hosts remembered of a peer whose shard died. */
const HOSTS_MAX = 8;

/** Where a peer lives. */
export interface PeerHome {
  readonly shard: ShardLink;
  /** What the shard calls it. */
  readonly key: number;
  readonly counters: CounterSlot;
}

/** Of a call to the shard. */
interface CallPatience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What remote peers need of their node. */
export interface RemotePeerHost extends TracingContext {
  readonly closedBy: OsierError | null;
  readonly runtime: Runtime;
  /** Finds the peer a home, connected: its shard died. */
  settle(peer: RemotePeer, options: TimedWaitOptions | undefined): Promise<PeerHome>;
  /** This thread's end of a stream that was opened in a shard. */
  streamOf(peer: RemotePeer, shard: ShardLink, stream: number, told: StreamTold, shape: StreamShape): PeerStream;
  /** The peer is closed, and no shard tells so. */
  onGone(peer: RemotePeer): void;
}

/** A peer that lives in a shard: what is known of it here, and calls that go there. */
export class RemotePeer extends EventEmitter<PeerEvents> implements Peer {
  readonly id: NodeId;
  readonly #host: RemotePeerHost;
  #home: PeerHome | null = null;
  #state: PeerState = { status: 'idle' };
  #path: Path | null = null;
  #verified: 'id' | 'network' = 'network';
  #closing: Promise<CloseReport> | null = null;
  /** With the shard that closes it. */
  #patience: Patience | null = null;
  /** Of homes before the present one. */
  #counted: PeerStats = NOTHING_COUNTED;
  #hosts: readonly HostAndPort[] = [];
  /** Why it is to be kept connected, wherever it lives, and the shard that knows. */
  readonly keptFor = new Map<string, ShardLink>();
  /** Of its streams whose ends are on this thread. */
  readonly ports = new Set<RemotePort>();

  constructor(host: RemotePeerHost, id: NodeId) {
    super();
    this.#host = host;
    this.id = id;
  }

  get state(): PeerState {
    return this.#state;
  }

  get path(): Path | null {
    return this.#path;
  }

  get verified(): 'id' | 'network' {
    return this.#verified;
  }

  /** The close that was begun; `null` before. */
  get closing(): Promise<CloseReport> | null {
    return this.#closing;
  }

  /** `null` when its shard died and nothing came of it since. */
  get home(): PeerHome | null {
    return this.#home;
  }

  /** Where it may be found again. */
  get knownHosts(): readonly HostAndPort[] {
    return this.#hosts;
  }

  openStream(protocol: string, options?: OpenOptions<'bytes'>): Promise<ByteStream>;
  openStream<K extends StreamKind>(protocol: string, options: OpenOptions<K> & { kind: K }): Promise<StreamOfKind[K]>;
  async openStream(protocol: string, options?: OpenOptions<StreamKind>): Promise<StreamOfKind[StreamKind]> {
    const request = parseOpenOptions(protocol, options);
    return openTraced(this.#host, this.id, request, options?.metadata, (traced) => this.#open(traced, options));
  }

  async ping(options?: TimedWaitOptions): Promise<number> {
    return this.#use(options, ({ shard, key }, patience) => shard.call('ping', { peer: key, timeoutMs: patience.timeoutMs }, patience.signal));
  }

  /** See {@link MeshNode.trace}. */
  async trace(options?: TimedWaitOptions): Promise<TraceResult> {
    const ask = ({ shard, key }: PeerHome, { timeoutMs, signal }: TimedWaitOptions): Promise<unknown> =>
      shard.call('trace', { peer: key, timeoutMs }, signal);
    return (await this.#use(options, ask)) as TraceResult;
  }

  stats(): PeerStats {
    return this.#home === null ? this.#counted : added(this.#counted, readPeerStats(this.#home.counters));
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = closeTimeoutOption(options?.timeoutMs);
      reasonOption(options?.reason);
      const reason = options?.reason ?? '';
      if (this.#closing !== null) {
        this.#hurry(timeoutMs, reason);
        return this.#closing;
      }
      // Whoever hears of its first steps may close it as well.
      let settle: (report: Promise<CloseReport>) => void = () => {};
      this.#closing = new Promise((resolve) => {
        settle = resolve;
      });
      settle(this.#close(timeoutMs, reason));
      return this.#closing;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ---- from the shard ----

  /** It lives there from now on. */
  moveInto(home: PeerHome): void {
    this.#home = home;
  }

  /** Its shard died, or told the last of it. */
  moveOut(): void {
    if (this.#home === null) return;
    this.#counted = statsAtRest(this.stats());
    this.#home = null;
  }

  addHosts(hosts: readonly HostAndPort[]): void {
    const byName = new Map([...hosts, ...this.#hosts].map((host) => [`${host.host} ${host.port}`, host]));
    this.#hosts = [...byName.values()].slice(0, HOSTS_MAX);
  }

  onVerified(verified: 'id' | 'network'): void {
    this.#verified = verified;
  }

  enter(state: PeerState): void {
    this.#state = state;
    safely(() => this.emit('state', state));
  }

  moveTo(change: PathChange): void {
    this.#path = change.to;
    if (change.to?.kind === 'direct') this.addHosts([change.to.remote]);
    safely(() => this.emit('path', change));
  }

  #open(request: OpenRequest, options: OpenOptions<StreamKind> | undefined): Promise<PeerStream> {
    return this.#use(options, (home, patience) => this.#openIn(home, request, patience));
  }

  #openIn({ shard, key }: PeerHome, request: OpenRequest, { timeoutMs, signal }: CallPatience): Promise<PeerStream> {
    const { protocol, protocolBytes, metadataBytes, priority } = request;
    const args = { peer: key, kind: kindNumber(request.kind), priority, protocol, protocolBytes, metadataBytes, timeoutMs };
    const take = ({ stream, told }: { stream: number; told: StreamTold }) => this.#host.streamOf(this, shard, stream, told, request);
    const opened = (value: { stream: number; told: StreamTold }) => {
      const stream = take(value);
      publishStream(stream, 'opener');
      return stream;
    };
    // What was opened after the caller had given up is reset.
    return shard.call('openStream', args, signal, opened, (value) => take(value).reset(0));
  }

  /** Calls where the peer lives, with what is left of the caller's patience: the shard's own deadline comes first, unless it is stuck. */
  async #use<T>(options: TimedWaitOptions | undefined, call: (home: PeerHome, patience: CallPatience) => Promise<T>): Promise<T> {
    const timeoutMs = durationOption('timeoutMs', options?.timeoutMs, WAIT_TIMEOUT_MS);
    signalOption(options?.signal)?.throwIfAborted();
    if (this.#host.closedBy !== null) throw this.#host.closedBy;
    // Nobody here closed it where it gave way to another peer.
    if (this.#state.status === 'closed' && this.#state.error !== null) throw this.#state.error;
    if (this.#closing !== null || this.#state.status === 'closed') throw peerClosed('local', 'normal', '');
    const left = countdown(this.#host.runtime, timeoutMs);
    const home = this.#home ?? (await this.#host.settle(this, options));
    const leftMs = left();
    const patience = { ...options, timeoutMs: timeoutMs === 0 ? 0 : leftMs + STUCK_AFTER_MS };
    const deadline = new Deadline(this.#host.runtime, patience, () => tooSlow(this.id, timeoutMs));
    try {
      return await call(home, { timeoutMs: leftMs, signal: deadline.signal });
    } finally {
      deadline.dispose();
    }
  }

  async #close(timeoutMs: number, reason: string): Promise<CloseReport> {
    const home = this.#home;
    if (home === null) {
      this.#host.onGone(this);
      return { status: 'drained' };
    }
    const reports: CloseReport[] = [];
    const asked = home.shard.call('closePeer', { peer: home.key, timeoutMs, reason }).then(
      (report) => reports.push(report as CloseReport),
      () => {},
    );
    this.#patience = new Patience(this.#host.runtime.setTimer, timeoutMs + STUCK_AFTER_MS);
    await this.#patience.wait(asked);
    const [report] = reports;
    if (report !== undefined) return report;
    // Its shard died, is stuck, or was asked too late.
    const { streamsOpen } = readPeerStats(home.counters);
    const error = peerClosed('local', 'normal', reason);
    for (const port of [...this.ports]) port.fail(error);
    this.#host.onGone(this);
    return streamsOpen === 0 ? { status: 'drained' } : { status: 'cut', streams: streamsOpen, unacknowledgedBytes: 0n };
  }

  /** The close that is going on takes no longer than `timeoutMs` from now. */
  #hurry(timeoutMs: number, reason: string): void {
    const home = this.#home;
    if (home === null || this.#patience === null || this.#patience.isOver) return;
    this.#patience.shorten(timeoutMs + STUCK_AFTER_MS);
    home.shard.call('closePeer', { peer: home.key, timeoutMs, reason }).catch(() => {});
  }
}
