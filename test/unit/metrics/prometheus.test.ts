import { describe, expect, test } from 'vitest';
import type { MeshNode, NodeStats, PeerStats } from '../../../src/index.js';
import { familyText } from '../../../src/metrics/exposition.js';
import { contentType, metricsText } from '../../../src/metrics/prometheus.js';
import { readExposition } from './exposition-reader.js';

const traffic = { packetsSent: 1n, packetsReceived: 2n, bytesSent: 2n ** 63n, bytesReceived: 4n };
const nodeStats: NodeStats = {
  ...traffic,
  peersConnected: 5,
  streamsOpen: 6,
  memoryBytes: 7,
  handshakesCompleted: 8n,
  handshakesFailed: 9n,
  packetsRejected: 10n,
  relayedPackets: 21n,
  relayedBytes: 22n,
  relayDroppedPackets: 23n,
};
const peerStats: PeerStats = {
  ...traffic,
  packetsLost: 11n,
  pathChanges: 12n,
  streamsOpen: 13,
  rttMicros: 1_500,
  rttVarianceMicros: 250,
  mtuBytes: 1_200,
  congestionWindowBytes: 14_720,
  bytesInFlight: 0,
};
const NO_LEVELS = { rttMicros: null, rttVarianceMicros: null, mtuBytes: null, congestionWindowBytes: null, bytesInFlight: null };

function nodeOf(id: string, peers: readonly object[] = []): MeshNode {
  const node = {
    id,
    peers: new Map(peers.map((peer, index) => [index, peer])),
    stats: () => nodeStats,
    info: () => ({ version: '1.2.3', engine: 'native' }),
  };
  return node as unknown as MeshNode;
}

const connected = { id: 'p1', state: { status: 'connected' }, stats: () => peerStats };
const idle = { id: 'p2', state: { status: 'idle' }, stats: () => ({ ...peerStats, ...NO_LEVELS }) };

describe('metricsText', () => {
  test('gives every counter and level of a node', () => {
    const families = readExposition(metricsText(nodeOf('a')));
    const values = Object.fromEntries([...families].map(([name, { samples }]) => [name, samples.map(({ value }) => value)]));
    expect(values).toEqual({
      osier_node_info: [1],
      osier_sent_packets_total: [1],
      osier_received_packets_total: [2],
      osier_sent_bytes_total: [2 ** 63],
      osier_received_bytes_total: [4],
      osier_rejected_packets_total: [10],
      osier_relayed_packets_total: [21],
      osier_relayed_bytes_total: [22],
      osier_relay_dropped_packets_total: [23],
      osier_handshakes_completed_total: [8],
      osier_handshakes_failed_total: [9],
      osier_connected_peers: [5],
      osier_open_streams: [6],
      osier_memory_bytes: [7],
    });
    expect(families.get('osier_node_info')?.samples[0]?.labels).toEqual({ node: 'a', version: '1.2.3', engine: 'native' });
  });

  test('has names as Prometheus wants them: a prefix, _total for counters and for them alone, no scaled units', () => {
    for (const [name, { type, help }] of readExposition(metricsText(nodeOf('a', [connected]), { perPeer: true }))) {
      expect(name).toMatch(/^osier_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/micros|milli|_ms|kilo|mega/);
      expect(help).toMatch(/\.$|1 or 0|always 1/);
    }
  });

  test('gives the peers of each node when asked to, in seconds and bytes, without levels where there are none', () => {
    const node = nodeOf('a', [connected, idle]);
    expect(metricsText(node)).not.toContain('osier_peer_');
    const families = readExposition(metricsText(node, { perPeer: true }));
    const samples = (name: string) => families.get(name)?.samples;
    expect(samples('osier_peer_rtt_seconds')).toEqual([{ labels: { node: 'a', peer: 'p1' }, value: 0.0015 }]);
    expect(samples('osier_peer_lost_packets_total')).toEqual([
      { labels: { node: 'a', peer: 'p1' }, value: 11 },
      { labels: { node: 'a', peer: 'p2' }, value: 11 },
    ]);
    expect(samples('osier_peer_connected')?.map(({ value }) => value)).toEqual([1, 0]);
    expect(samples('osier_peer_in_flight_bytes')).toHaveLength(1);
  });

  test('gives several nodes under one HELP and TYPE, each id once', () => {
    const families = readExposition(metricsText([nodeOf('a'), nodeOf('b'), nodeOf('a')]));
    for (const { samples } of families.values()) expect(samples.map(({ labels }) => labels.node)).toEqual(['a', 'b']);
  });

  test('is empty without nodes', () => {
    expect(metricsText([])).toBe('');
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test.each([
    [null, {}, 'nodes'],
    [[], { perPeer: 'yes' }, 'perPeer'],
  ])('refuses %o with %o', (nodes, options, option) => {
    expect(() => metricsText(nodes as never, options as never)).toThrow(expect.objectContaining({ details: { option } }));
  });
});

test('what the format gives a meaning is escaped', () => {
  const labels = { peer: 'a\\b"c\nd' };
  const text = familyText({ name: 'x', help: 'one\\two\nthree "four"', type: 'gauge' }, [{ labels, value: Number.POSITIVE_INFINITY }]);
  expect(text.split('\n')).toHaveLength(4);
  expect(readExposition(text).get('x')).toEqual({ help: 'one\\two\nthree "four"', type: 'gauge', samples: [{ labels, value: Infinity }] });
});
