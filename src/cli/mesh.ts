/** `osier routes` and `osier trace`: the mesh as a node sees it that comes in at one address. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { MeshNode, NodeId, RouteInfo, TraceResult } from '../index.js';
import { formatDuration } from './format.js';
import { addNodeOptions, type NodeFlags, requireSecret, startNode } from './node-options.js';
import { milliseconds } from './numbers.js';
import { abortOnInterrupt } from './signals.js';
import type { Terminal } from './terminal.js';

/** How often routes are looked at while they come in. */
const LOOK_MS = 50;

interface RoutesFlags extends NodeFlags {
  readonly settleMs: number;
  readonly timeoutMs: number;
}

interface TraceFlags extends NodeFlags {
  readonly timeoutMs: number;
}

/** Adds the commands. */
export function addMesh(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('routes'))
    .description('connect to a relay and show which nodes can be reached, and through whom')
    .argument('<address>', 'osier://ID@HOST:PORT of a relay')
    .option('--settle-ms <ms>', 'how long no other route may come before they are shown', milliseconds, 1_000)
    .option('--timeout-ms <ms>', 'how long to try to connect', milliseconds, 15_000)
    .action((address: string, flags: RoutesFlags) => routes(address, flags, terminal()));
  addNodeOptions(program.command('trace'))
    .description('connect to a relay and ask each hop on the way to a node to answer')
    .argument('<address>', 'osier://ID@HOST:PORT of a relay')
    .argument('<id>', 'the id of the node')
    .option('--timeout-ms <ms>', 'how long to try to connect', milliseconds, 15_000)
    .action((address: string, id: string, flags: TraceFlags) => trace(address, id, flags, terminal()));
}

async function routes(address: string, flags: RoutesFlags, terminal: Terminal): Promise<void> {
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  await node.connect(address, { timeoutMs: flags.timeoutMs, signal });
  for (const route of await settledRoutes(node, flags.settleMs, signal)) terminal.result({ event: 'route', ...route }, routeLine(route));
}

async function trace(address: string, id: string, { timeoutMs, ...flags }: TraceFlags, terminal: Terminal): Promise<void> {
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  await node.connect(address, { timeoutMs, signal });
  const traced = await node.trace(id, { timeoutMs, signal });
  terminal.result({ event: 'trace', ...traced }, traceLines(traced));
}

/** The nearest first. */
async function settledRoutes(node: MeshNode, settleMs: number, signal: AbortSignal): Promise<RouteInfo[]> {
  let known: readonly NodeId[] = [];
  for (let quietMs = 0; quietMs < settleMs; quietMs += LOOK_MS) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    const ids = node.routes().map(({ id }) => id);
    if (ids.length !== known.length || ids.some((id) => !known.includes(id))) quietMs = 0;
    known = ids;
  }
  return node.routes().sort((a, b) => a.metricMs - b.metricMs);
}

function routeLine({ id, nextHop, backup, metricMs, mtuBytes }: RouteInfo): string {
  const way = nextHop === id ? 'direct' : `through ${nextHop}`;
  return [id, way, `metric ${formatDuration(metricMs)}`, `mtu ${mtuBytes}`, ...(backup === null ? [] : [`backup ${backup}`])].join('  ');
}

function traceLines({ status, hops }: TraceResult): string {
  const lines = hops.map(({ id, rttMs }, at) => `${at + 1}  ${id ?? '?'}  ${rttMs === null ? 'no answer' : formatDuration(rttMs)}`);
  return [...lines, ...(status === 'complete' ? [] : ['the way ends here: no answer from the node itself'])].join('\n');
}
