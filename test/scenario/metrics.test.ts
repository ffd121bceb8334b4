import { expect, test } from 'vitest';
import { metricsText } from '../../src/metrics/prometheus.js';
import { readExposition } from '../unit/metrics/exposition-reader.js';
import { startConnected } from './support/nodes.js';

test('the metrics of nodes at work, closed ones among them, are in the exposition format and say what stats() says', async () => {
  const { server, client, peer } = await startConnected();
  await peer.ping();
  const families = readExposition(metricsText([server, client], { perPeer: true }));
  const value = (name: string, labels: object): number | undefined =>
    families.get(name)?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
  const labels = { node: client.id, peer: server.id };
  expect(value('osier_handshakes_completed_total', { node: client.id })).toBe(1);
  expect(value('osier_connected_peers', { node: server.id })).toBe(1);
  expect(value('osier_peer_connected', labels)).toBe(1);
  expect(value('osier_peer_rtt_seconds', labels)).toBe((peer.stats().rttMicros ?? 0) / 1e6);
  expect(value('osier_peer_sent_packets_total', labels)).toBeGreaterThan(0);
  await client.close();
  const after = readExposition(metricsText(client, { perPeer: true }));
  expect(after.get('osier_handshakes_completed_total')?.samples).toEqual([{ labels: { node: client.id }, value: 1 }]);
  expect(after.has('osier_peer_connected')).toBe(false);
});
