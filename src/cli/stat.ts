/** `osier stat`: what this end knows of a connection, line by line. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { formatHost } from '../identity/index.js';
import { OsierError, type Path, type Peer } from '../index.js';
import { CommandError, ExitCode } from './exit-codes.js';
import { formatBytes, formatDuration } from './format.js';
import { addNodeOptions, type NodeFlags, requireSecret, startNode } from './node-options.js';
import { count, milliseconds } from './numbers.js';
import { abortOnInterrupt, Interrupted } from './signals.js';
import type { Terminal } from './terminal.js';

/** How long a line waits for its round trip at least. */
const PROBE_TIMEOUT_MS_MIN = 1_000;

interface StatFlags extends NodeFlags {
  readonly count?: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Adds the command. */
export function addStat(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('stat'))
    .description('connect to a node and show path, round trip, MTU, cipher and counters')
    .argument('<address>', 'osier://ID@HOST:PORT')
    .option('-c, --count <n>', 'how many lines (default: until it is interrupted)', count)
    .option('--interval-ms <ms>', 'time between two', milliseconds, 1000)
    .option('--timeout-ms <ms>', 'how long to try to connect', milliseconds, 15_000)
    .action((address: string, flags: StatFlags) => stat(address, flags, terminal()));
}

async function stat(address: string, flags: StatFlags, terminal: Terminal): Promise<void> {
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  const peer = await node.connect(address, { timeoutMs: flags.timeoutMs, signal });
  const lost = new AbortController();
  peer.on('path', ({ to, cause }) => {
    if (to === null && cause.kind === 'disconnected') lost.abort(cause.error);
  });
  try {
    await printLines(peer, flags, AbortSignal.any([signal, lost.signal]), terminal);
  } catch (error) {
    // Without a count, that is how it is told to stop.
    if (error instanceof Interrupted && flags.count === undefined) return;
    throw lost.signal.aborted ? connectionLost(peer, lost.signal.reason) : error;
  }
}

async function printLines(peer: Peer, { count = Number.POSITIVE_INFINITY, intervalMs }: StatFlags, signal: AbortSignal, terminal: Terminal) {
  for (let sequence = 1; sequence <= count; sequence++) {
    if (sequence > 1) await sleep(intervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const isAnswered = await probe(peer, Math.max(intervalMs, PROBE_TIMEOUT_MS_MIN), signal);
    signal.throwIfAborted();
    const { state, path } = peer;
    const stats = peer.stats();
    const fields = { sequence, answered: isAnswered, peer: peer.id, state, path, stats };
    terminal.result({ event: 'stat', ...fields }, lineOf(peer, isAnswered));
  }
}

/** One round trip, so that the figures are fresh: an idle connection measures nothing. False: no answer in time. */
async function probe(peer: Peer, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await peer.ping({ timeoutMs, signal });
    return true;
  } catch (error) {
    if (OsierError.is(error, 'ERR_OSIER_TIMEOUT')) return false;
    throw error;
  }
}

function lineOf(peer: Peer, isAnswered: boolean): string {
  const { state } = peer;
  const { rttMicros, rttVarianceMicros, mtuBytes, congestionWindowBytes, bytesInFlight, packetsSent, packetsReceived, packetsLost } = peer.stats();
  const words = [
    pathText(peer.path),
    isAnswered ? `rtt ${durationText(rttMicros)} ± ${durationText(rttVarianceMicros)}` : 'no answer',
    `mtu ${mtuBytes ?? '-'}`,
    state.status === 'connected' ? state.cipher : state.status,
    `window ${bytesText(congestionWindowBytes)}, ${bytesText(bytesInFlight)} in flight`,
    `packets ${packetsSent} sent, ${packetsReceived} received, ${packetsLost} lost`,
  ];
  return words.join('  ');
}

function pathText(path: Path | null): string {
  if (path === null) return 'no path';
  return path.kind === 'direct' ? formatHost(path.remote) : `through ${path.nextHop}`;
}

function durationText(micros: number | null): string {
  return micros === null ? '-' : formatDuration(micros / 1_000);
}

function bytesText(byteCount: number | null): string {
  return byteCount === null ? '-' : formatBytes(byteCount);
}

function connectionLost(peer: Peer, cause: unknown): CommandError {
  const why = cause instanceof Error ? `: ${cause.message}` : '.';
  return new CommandError('ERR_CLI_CONNECTION_LOST', ExitCode.interrupted, `the connection to ${peer.id} ended${why}`, { cause });
}
