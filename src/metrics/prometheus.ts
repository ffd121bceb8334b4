/**
 * Metrics as text, computed when asked for.
 *
 * @module osier/metrics/prometheus
 */
import { invalidOption } from '../errors/index.js';
import type { MeshNode } from '../index.js';
import { familyText, type Sample } from './exposition.js';
import { type Metric, NODE_METRICS, PEER_METRICS, type PeerSource } from './families.js';

/** The Content-Type that goes with {@link metricsText}. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of some nodes in the text exposition format; append it to what else the service exposes. Per-peer series with `perPeer`. Every series
 * has the label `node`, the node's id; those of peers have `peer` as well. Of nodes with the same id the last counts. Errors (thrown):
 * INVALID_OPTION.
 *
 * @example response.setHeader('Content-Type', contentType).end(metricsText(node));
 */
export function metricsText(nodes: MeshNode | Iterable<MeshNode>, options?: { perPeer?: boolean | undefined }): string {
  const perPeer = options?.perPeer ?? false;
  if (typeof perPeer !== 'boolean') throw invalidOption('perPeer', 'must be true or false');
  const all = nodesOf(nodes);
  const infos = all.map((node): Sample => {
    const { version, engine } = node.info();
    return { labels: { node: node.id, version, engine }, value: 1 };
  });
  const info = familyText({ name: 'osier_node_info', help: 'What a node runs on; always 1.', type: 'gauge' }, infos);
  const ofNodes = all.map((node) => ({ labels: { node: node.id }, source: node.stats() }));
  const ofPeers = perPeer ? all.flatMap(peersOf) : [];
  return info + textOf(NODE_METRICS, ofNodes) + textOf(PEER_METRICS, ofPeers);
}

interface Labelled<S> {
  readonly labels: Readonly<Record<string, string>>;
  readonly source: S;
}

function textOf<S>(metrics: readonly Metric<S>[], sources: readonly Labelled<S>[]): string {
  return metrics.map((metric) => familyText(metric, samplesOf(metric, sources))).join('');
}

function samplesOf<S>(metric: Metric<S>, sources: readonly Labelled<S>[]): readonly Sample[] {
  return sources.flatMap(({ labels, source }) => {
    const value = metric.read(source);
    return value === null ? [] : [{ labels, value }];
  });
}

function peersOf(node: MeshNode): Labelled<PeerSource>[] {
  return [...node.peers.values()].map((peer) => ({
    labels: { node: node.id, peer: peer.id },
    source: { isConnected: peer.state.status === 'connected', stats: peer.stats() },
  }));
}

function nodesOf(nodes: MeshNode | Iterable<MeshNode>): readonly MeshNode[] {
  if (typeof nodes !== 'object' || nodes === null) throw invalidOption('nodes', 'must be a node, or some nodes');
  const all = Symbol.iterator in nodes ? [...nodes] : [nodes];
  const byId = new Map(all.map((node) => [node.id, node]));
  return [...byId.values()];
}
