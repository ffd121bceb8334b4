/** Counters and levels. Types only. */

/** Packets and bytes since the start; bytes are those of whole UDP payloads. */
export interface TrafficStats {
  readonly packetsSent: bigint;
  readonly packetsReceived: bigint;
  readonly bytesSent: bigint;
  readonly bytesReceived: bigint;
}

/** A node's counters since its start and its present levels. */
export interface NodeStats extends TrafficStats {
  readonly peersConnected: number;
  readonly streamsOpen: number;
  readonly memoryBytes: number;
  readonly handshakesCompleted: bigint;
  readonly handshakesFailed: bigint;
  /** Packets that failed authentication, were replayed or malformed. */
  readonly packetsRejected: bigint;
  /** Forwarded for others, and dropped because a queue was full. */
  readonly relayedPackets: bigint;
  readonly relayedBytes: bigint;
  readonly relayDroppedPackets: bigint;
}

/** A peer's, over all its associations; the levels are those of the present path, `null` while there is none. */
export interface PeerStats extends TrafficStats {
  readonly packetsLost: bigint;
  readonly pathChanges: bigint;
  readonly streamsOpen: number;
  readonly rttMicros: number | null;
  readonly rttVarianceMicros: number | null;
  readonly mtuBytes: number | null;
  readonly congestionWindowBytes: number | null;
  readonly bytesInFlight: number | null;
}

/** A stream's. Of messages and datagrams: sent = delivered + expired (or presumed lost) + unknown + pending. */
export interface StreamStats {
  readonly bytesSent: bigint;
  readonly bytesAcknowledged: bigint;
  readonly bytesReceived: bigint;
  readonly bytesConsumed: bigint;
  readonly messagesSent: bigint;
  readonly messagesDelivered: bigint;
  readonly messagesExpired: bigint;
  readonly messagesUnknown: bigint;
  readonly messagesReceived: bigint;
  /** Datagrams that came and that a full receiver dropped. */ readonly messagesDropped: bigint;
  readonly sendBufferedBytes: number;
  readonly receiveBufferedBytes: number;
}

/** What a node runs on. `reasons` says in words why anything asked for or usual is not in use. */
export interface NodeInfo {
  readonly version: string;
  readonly engine: 'native' | 'dgram' | 'simulated';
  readonly features: readonly ('gso' | 'gro' | 'mmsg' | 'reuseport-steering' | 'aes-256-gcm')[];
  /** Worker threads that run the node; 0: the calling thread does. */
  readonly shards: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly reasons: readonly string[];
}
