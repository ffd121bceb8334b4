import type { NodeInfo, NodeStats } from '../api/stats.js';
import { ENGINE_COUNTERS, type Engine } from '../engine/engine.js';
import type { PeerTable } from '../peer/index.js';
import { VERSION } from './version.js';

/** Positions in what {@link Engine.stats} fills. */
const Counter = {
  packetsSent: 0,
  packetsReceived: 1,
  bytesSent: 2,
  bytesReceived: 3,
  packetsRejected: 4,
  streamsOpen: 5,
  memoryBytes: 6,
} as const;

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

  stats(): NodeStats {
    if (this.#frozen !== null) return this.#frozen.stats;
    this.#engine.stats(this.#present);
    const count = (position: number): bigint => this.#present[position] ?? 0n;
    let peersConnected = 0;
    for (const peer of this.#peers.known.values()) if (peer.state.status === 'connected') peersConnected++;
    return {
      packetsSent: count(Counter.packetsSent),
      packetsReceived: count(Counter.packetsReceived),
      bytesSent: count(Counter.bytesSent),
      bytesReceived: count(Counter.bytesReceived),
      packetsRejected: count(Counter.packetsRejected),
      streamsOpen: Number(count(Counter.streamsOpen)),
      memoryBytes: Number(count(Counter.memoryBytes)),
      peersConnected,
      handshakesCompleted: this.handshakesCompleted,
      handshakesFailed: this.handshakesFailed,
    };
  }

  info(): NodeInfo {
    if (this.#frozen !== null) return this.#frozen.info;
    const { kind, features, receiveBufferBytes, sendBufferBytes, reasons } = this.#engine.info();
    return {
      version: VERSION,
      engine: kind,
      features: FEATURES.filter((feature) => features.includes(feature)),
      receiveBufferBytes,
      sendBufferBytes,
      reasons: [...reasons],
    };
  }
}
