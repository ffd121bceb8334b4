import type { NodeInfo, NodeStats } from '../api/stats.js';
import { ENGINE_COUNTERS, type Engine } from '../engine/engine.js';
import type { PeerTable } from '../peer/index.js';
import { VERSION } from './version.js';

/** Positions in what {@link NodeCounters.read} writes: first what {@link Engine.stats} fills. */
export const Counter = {
  packetsSent: 0,
  packetsReceived: 1,
  bytesSent: 2,
  bytesReceived: 3,
  packetsRejected: 4,
  streamsOpen: 5,
  memoryBytes: 6,
  straysForwarded: 7,
  straysReceived: 8,
  straysDropped: 9,
  relayedPackets: 11,
  relayedBytes: 12,
  relayDroppedPackets: 13,
  handshakesCompleted: ENGINE_COUNTERS,
  handshakesFailed: ENGINE_COUNTERS + 1,
} as const;

/** Those that are levels: side by side. */
export const LEVELS = [Counter.streamsOpen, Counter.memoryBytes] as const;

/** Words of {@link NodeCounters.read}. */
export const COUNTER_WORDS = ENGINE_COUNTERS + 2;

/** What {@link NodeCounters.read} wrote, or the sum of several of them. */
export function nodeStatsOf(words: BigUint64Array, peersConnected: number): NodeStats {
  const count = (position: number): bigint => words[position] ?? 0n;
  return {
    packetsSent: count(Counter.packetsSent),
    packetsReceived: count(Counter.packetsReceived),
    bytesSent: count(Counter.bytesSent),
    bytesReceived: count(Counter.bytesReceived),
    packetsRejected: count(Counter.packetsRejected),
    streamsOpen: Number(count(Counter.streamsOpen)),
    memoryBytes: Number(count(Counter.memoryBytes)),
    peersConnected,
    handshakesCompleted: count(Counter.handshakesCompleted),
    handshakesFailed: count(Counter.handshakesFailed),
    relayedPackets: count(Counter.relayedPackets),
    relayedBytes: count(Counter.relayedBytes),
    relayDroppedPackets: count(Counter.relayDroppedPackets),
  };
}

/** Names of features that {@link NodeInfo} knows. */
const FEATURES: NodeInfo['features'] = ['gso', 'gro', 'mmsg', 'reuseport-steering', 'aes-256-gcm'];

/** What a node counts, of its own and of its engine. The last values stay when the node closes. */
export class NodeCounters {
  handshakesCompleted = 0n;
  handshakesFailed = 0n;
  readonly #engine: Engine;
  readonly #peers: PeerTable;
  readonly #present = new BigUint64Array(ENGINE_COUNTERS);
  #frozen: { readonly stats: NodeStats; readonly info: NodeInfo } | null = null;

  constructor(engine: Engine, peers: PeerTable) {
    this.#engine = engine;
    this.#peers = peers;
  }

  /** The engine is about to close. */
  freeze(): void {
    this.#frozen = { stats: this.stats(), info: this.info() };
  }

  /** The engine is closed: what it sent to that end is counted, too. The levels stay. */
  complete(): void {
    const levels = LEVELS.map((position) => this.#present[position] ?? 0n);
    this.#engine.stats(this.#present);
    this.#present.set(levels, LEVELS[0]);
    if (this.#frozen === null) return;
    const words = new BigUint64Array(COUNTER_WORDS);
    this.read(words);
    const { stats, info } = this.#frozen;
    this.#frozen = { stats: nodeStatsOf(words, stats.peersConnected), info };
  }

  /** Writes {@link COUNTER_WORDS} words: what the engine counts, and then the handshakes that succeeded and failed. */
  read(into: BigUint64Array): void {
    if (this.#frozen === null) this.#engine.stats(this.#present);
    into.set(this.#present);
    into[Counter.handshakesCompleted] = this.handshakesCompleted;
    into[Counter.handshakesFailed] = this.handshakesFailed;
  }

  stats(): NodeStats {
    if (this.#frozen !== null) return this.#frozen.stats;
    const words = new BigUint64Array(COUNTER_WORDS);
    this.read(words);
    let peersConnected = 0;
    for (const peer of this.#peers.known.values()) if (peer.state.status === 'connected') peersConnected++;
    return nodeStatsOf(words, peersConnected);
  }

  info(): NodeInfo {
    if (this.#frozen !== null) return this.#frozen.info;
    const { kind, features, receiveBufferBytes, sendBufferBytes, reasons } = this.#engine.info();
    return {
      version: VERSION,
      engine: kind,
      features: FEATURES.filter((feature) => features.includes(feature)),
      shards: 0,
      receiveBufferBytes,
      sendBufferBytes,
      reasons: [...reasons],
    };
  }
}
