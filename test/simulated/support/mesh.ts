/** Hosts in a row, each linked with the next alone. */
import type { MeshNode } from '../../../src/index.js';
import type { SimHost, SimNodeOptions } from '../../../src/testing/index.js';
import type { SimNetwork } from '../../../src/testing/sim-network.js';

/** Cuts every link but those of `pairs`. */
export function linkOnly(network: SimNetwork, hosts: readonly SimHost[], pairs: readonly (readonly [SimHost, SimHost])[]): void {
  for (const [at, one] of hosts.entries()) {
    for (const other of hosts.slice(at + 1)) {
      const isLinked = pairs.some((pair) => pair.includes(one) && pair.includes(other));
      if (!isLinked) network.setLink(one, other, { lossRate: 1 });
    }
  }
}

/** A node on each of `names`, in a row: each knows the next one alone, and all but the two ends relay. */
export async function startLine(
  network: SimNetwork,
  names: readonly string[],
  options: (name: string) => SimNodeOptions = () => ({}),
): Promise<{ readonly hosts: readonly SimHost[]; readonly nodes: readonly MeshNode[] }> {
  const hosts = names.map((name) => network.host(name));
  linkOnly(
    network,
    hosts,
    hosts.slice(1).map((host, at) => [hosts[at] as SimHost, host] as const),
  );
  const nodes: MeshNode[] = [];
  for (const [at, host] of hosts.entries()) {
    const before = nodes.at(-1);
    const isRelay = at > 0 && at < hosts.length - 1;
    const node = await host.start({ ...(isRelay ? { relay: {} } : {}), peers: before === undefined ? [] : [before.address], ...options(host.name) });
    if (before !== undefined) await node.connect(before.address);
    nodes.push(node);
  }
  return { hosts, nodes };
}
