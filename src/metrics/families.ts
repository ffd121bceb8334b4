/** The metrics of nodes and peers: names after Prometheus' conventions, base units (bytes, seconds). */
import type { NodeStats, PeerStats } from '../index.js';
import type { MetricFamily } from './exposition.js';

/** A family and where its value comes from; `null`: there is none at present. */
export interface Metric<S> extends MetricFamily {
  readonly read: (source: S) => number | bigint | null;
}

/** Of each node. */
export const NODE_METRICS: readonly Metric<NodeStats>[] = [
  counter('osier_sent_packets_total', 'UDP packets sent.', (stats) => stats.packetsSent),
  counter('osier_received_packets_total', 'UDP packets received.', (stats) => stats.packetsReceived),
  counter('osier_sent_bytes_total', 'UDP payload bytes sent.', (stats) => stats.bytesSent),
  counter('osier_received_bytes_total', 'UDP payload bytes received.', (stats) => stats.bytesReceived),
  counter('osier_rejected_packets_total', 'Packets that failed authentication, were replayed or malformed.', (stats) => stats.packetsRejected),
  counter('osier_handshakes_completed_total', 'Handshakes that succeeded.', (stats) => stats.handshakesCompleted),
  counter('osier_handshakes_failed_total', 'Handshakes that came to nothing.', (stats) => stats.handshakesFailed),
  counter('osier_relayed_packets_total', 'Packets forwarded for others.', (stats) => stats.relayedPackets),
  counter('osier_relayed_bytes_total', 'Bytes forwarded for others, routing headers included.', (stats) => stats.relayedBytes),
  counter(
    'osier_relay_dropped_packets_total',
    'Packets that were to be forwarded and found no room or no way.',
    (stats) => stats.relayDroppedPackets,
  ),
  gauge('osier_connected_peers', 'Peers that are connected.', (stats) => stats.peersConnected),
  gauge('osier_open_streams', 'Streams that have not ended in both directions.', (stats) => stats.streamsOpen),
  gauge('osier_memory_bytes', 'Memory held for peers.', (stats) => stats.memoryBytes),
];

/** A peer as its metrics see it. */
export interface PeerSource {
  readonly isConnected: boolean;
  readonly stats: PeerStats;
}

/** Of each peer of each node. */
export const PEER_METRICS: readonly Metric<PeerSource>[] = [
  gauge('osier_peer_connected', 'Whether the peer is connected: 1 or 0.', ({ isConnected }) => (isConnected ? 1 : 0)),
  counter('osier_peer_sent_packets_total', 'Packets sent to the peer.', ({ stats }) => stats.packetsSent),
  counter('osier_peer_received_packets_total', 'Packets received from the peer.', ({ stats }) => stats.packetsReceived),
  counter('osier_peer_sent_bytes_total', 'UDP payload bytes sent to the peer.', ({ stats }) => stats.bytesSent),
  counter('osier_peer_received_bytes_total', 'UDP payload bytes received from the peer.', ({ stats }) => stats.bytesReceived),
  counter('osier_peer_lost_packets_total', 'Packets to the peer that were declared lost.', ({ stats }) => stats.packetsLost),
  counter('osier_peer_path_changes_total', 'Changes of the way to the peer.', ({ stats }) => stats.pathChanges),
  gauge('osier_peer_open_streams', 'Streams with the peer that have not ended in both directions.', ({ stats }) => stats.streamsOpen),
  gauge('osier_peer_rtt_seconds', 'Smoothed round trip to the peer.', ({ stats }) => seconds(stats.rttMicros)),
  gauge('osier_peer_rtt_variance_seconds', 'Mean deviation of the round trip to the peer.', ({ stats }) => seconds(stats.rttVarianceMicros)),
  gauge('osier_peer_mtu_bytes', 'UDP payload of a full packet to the peer.', ({ stats }) => stats.mtuBytes),
  gauge('osier_peer_congestion_window_bytes', 'Bytes that may be in flight to the peer.', ({ stats }) => stats.congestionWindowBytes),
  gauge('osier_peer_in_flight_bytes', 'Bytes in flight to the peer.', ({ stats }) => stats.bytesInFlight),
];

function counter<S>(name: string, help: string, read: Metric<S>['read']): Metric<S> {
  return { name, help, type: 'counter', read };
}

function gauge<S>(name: string, help: string, read: Metric<S>['read']): Metric<S> {
  return { name, help, type: 'gauge', read };
}

function seconds(micros: number | null): number | null {
  return micros === null ? null : micros / 1_000_000;
}
