import type { PathCause } from '../api/peers.js';
import type { PathSink } from '../engine/dispatch.js';
import type { PathRecord } from '../engine/engine.js';
import type { Timer } from '../engine/runtime.js';
import type { Association, MeshPeer, PeerContext } from '../peer/index.js';

/** Pauses between looks for a direct path: it may open soon, and costs little when it does not. */
const LOOK_MS_MIN = 1_000;
const LOOK_MS_MAX = 60_000;
/** A direct path that has lived for so long is no longer taken for one that flaps. */
const STABLE_MS = 30_000;
/** Addresses that are asked at a time, the best first. */
const CANDIDATES_MAX = 8;

/** How soon a silent hop is suspected: see `liveness` in the options. */
export const LIVENESS_MICROS = { lan: 10_000, wan: 250_000 } as const;

/** Who acts on silence beyond the peer itself. */
export interface PathPolicyListener {
  /** The other end of the peer's path does not answer, or answers again. Called before the peer is moved. */
  onSilence(peer: MeshPeer, isSilent: boolean): void;
  /** An outcome of a probe of somebody else's. */
  onPathProbed(peer: MeshPeer, token: number, rttMicros: number | null): void;
  /** See {@link PathSink.onDirectArrival}. */
  onDirectArrival(peer: MeshPeer, path: PathRecord): void;
  /** See {@link PathSink.onTraceAnswered}. */
  onTraceAnswered(token: number, rttMicros: number, reporter: Uint8Array, isFarEnd: boolean): void;
}

/**
 * Which way the packets of connected peers go: to the way through others when the direct one falls silent, and back when it answers.
 *
 * ```text
 *   direct --silent, and there is a way through others--> relayed --a known address answers--> direct
 * ```
 */
export class PathPolicy {
  readonly #context: PeerContext;
  readonly #intervalMicros: number;
  readonly #listener: PathPolicyListener;
  readonly #watched = new Map<MeshPeer, WatchedPaths>();

  constructor(context: PeerContext, liveness: keyof typeof LIVENESS_MICROS, listener: PathPolicyListener) {
    this.#context = context;
    this.#intervalMicros = LIVENESS_MICROS[liveness];
    this.#listener = listener;
  }

  /** The peer has this association, or its packets go another way. */
  onPath(peer: MeshPeer, association: Association): void {
    let watched = this.#watched.get(peer);
    if (watched?.association !== association) {
      watched?.end();
      watched = new WatchedPaths(this.#context, peer, association, this.#listener);
      this.#watched.set(peer, watched);
      association.pathSink = watched;
    }
    // A path through others is watched hop by hop.
    this.#context.engine.setLiveness(association.handle, peer.isRelayed ? 0 : this.#intervalMicros);
    watched.onPath();
  }

  /** There is a way through others to the peer, or another one, or none any more. */
  onWays(peer: MeshPeer, cause: PathCause): void {
    peer.followRoute(cause);
    const watched = this.#watched.get(peer);
    watched?.failOver();
    if (peer.isRelayed && peer.wayThrough === null) watched?.lookSoon();
  }

  /** Somebody waits for the peer from now on. */
  onUse(peer: MeshPeer): void {
    this.#watched.get(peer)?.failOver(true);
  }

  onLost(peer: MeshPeer): void {
    this.#watched.get(peer)?.end();
    this.#watched.delete(peer);
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.end();
    this.#watched.clear();
  }
}

/** The paths of one association. */
class WatchedPaths implements PathSink {
  readonly association: Association;
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #listener: PathPolicyListener;
  #isSilent = false;
  #lookMs = LOOK_MS_MIN;
  #directSinceMs: number | null = null;
  #timer: Timer | null = null;
  /** Where the peer is asked, by token. */
  readonly #asked = new Map<number, PathRecord>();
  #lastToken = 0;
  #hasEnded = false;

  constructor(context: PeerContext, peer: MeshPeer, association: Association, listener: PathPolicyListener) {
    this.#context = context;
    this.#peer = peer;
    this.association = association;
    this.#listener = listener;
  }

  onPath(): void {
    const wasDirect = this.#directSinceMs !== null;
    this.#isSilent = false;
    if (this.#peer.isRelayed) {
      if (wasDirect) this.#leaveDirect();
      this.#lookLater();
      return;
    }
    this.#directSinceMs ??= this.#nowMs;
    this.#timer?.cancel();
    this.#timer = null;
    this.#asked.clear();
  }

  end(): void {
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.association.pathSink = null;
  }

  /** Takes the way through others, where the direct one is silent and somebody waits for what goes there. */
  failOver(isAwaited = this.association.isAwaited): void {
    if (!this.#isSilent || this.#peer.isRelayed || !isAwaited) return;
    const through = this.#peer.wayThrough;
    if (through !== null) this.#peer.moveTo(through, { kind: 'failover', symptom: 'silence' });
  }

  /** The way through others is gone: a direct one is looked for again without the long pauses. */
  lookSoon(): void {
    this.#lookMs = LOOK_MS_MIN;
    this.#timer?.cancel();
    this.#timer = null;
    this.#lookLater();
  }

  // ---- from the engine ----

  onHopSuspected(): void {
    this.#isSilent = true;
    this.#listener.onSilence(this.#peer, true);
    this.failOver();
  }

  onHopRecovered(): void {
    this.#isSilent = false;
    this.#listener.onSilence(this.#peer, false);
  }

  onTraceAnswered(token: number, rttMicros: number, reporter: Uint8Array, isFarEnd: boolean): void {
    this.#listener.onTraceAnswered(token, rttMicros, reporter, isFarEnd);
  }

  onPathProbed(token: number, rttMicros: number | null): void {
    const path = this.#asked.get(token);
    if (path === undefined) {
      this.#listener.onPathProbed(this.#peer, token, rttMicros);
      return;
    }
    this.#asked.delete(token);
    if (rttMicros !== null && this.#peer.isRelayed) this.#peer.moveTo(path, { kind: 'upgraded', method: 'announced-address' });
    else if (this.#asked.size === 0) this.#lookLater();
  }

  onDirectArrival(path: PathRecord): void {
    this.#listener.onDirectArrival(this.#peer, path);
  }

  get #nowMs(): number {
    return this.#context.runtime.clock.nowMs();
  }

  #leaveDirect(): void {
    if (this.#nowMs - (this.#directSinceMs ?? 0) >= STABLE_MS) this.#lookMs = LOOK_MS_MIN;
    this.#directSinceMs = null;
  }

  #lookLater(): void {
    if (this.#hasEnded || this.#timer !== null || this.#asked.size > 0 || !this.#peer.isRelayed) return;
    const delayMs = this.#lookMs;
    this.#lookMs = Math.min(2 * delayMs, LOOK_MS_MAX);
    this.#timer = this.#context.runtime.setTimer(delayMs, () => {
      this.#timer = null;
      this.#look().catch((cause: unknown) => this.#context.onFault(cause));
    });
  }

  async #look(): Promise<void> {
    const paths = await this.#candidates();
    if (this.#hasEnded || !this.#peer.isRelayed) return;
    for (const path of paths) {
      const token = ++this.#lastToken;
      if (this.#context.engine.probePath(this.association.handle, path, token)) this.#asked.set(token, path);
    }
    this.#context.flusher.mark();
    this.#lookLater();
  }

  /** Where the peer may be reached directly, as far as this node has a socket for it. */
  async #candidates(): Promise<readonly PathRecord[]> {
    const { runtime, engine } = this.#context;
    const paths: PathRecord[] = [];
    for (const { host, port } of this.#peer.directHosts.slice(0, CANDIDATES_MAX)) {
      const addresses = await runtime.resolve(host).catch(() => []);
      for (const address of addresses) {
        if (this.#hasEnded || paths.length === CANDIDATES_MAX) return paths;
        try {
          paths.push(Uint8Array.from(engine.pathTo(address.host, port)));
        } catch {
          // No socket has this family.
        }
      }
    }
    return paths;
  }
}
