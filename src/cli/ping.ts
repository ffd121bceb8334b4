/** `osier ping`: round trips to a peer, end to end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { OsierError, type Peer } from '../index.js';
import { CommandError, ExitCode } from './exit-codes.js';
import { formatDuration } from './format.js';
import { addNodeOptions, type NodeFlags, requireSecret, startNode } from './node-options.js';
import { count, milliseconds } from './numbers.js';
import { abortOnInterrupt } from './signals.js';
import { spreadOf } from './spread.js';
import type { Terminal } from './terminal.js';

interface PingFlags extends NodeFlags {
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Adds the command. */
export function addPing(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('ping'))
    .description('measure the round trip to a node')
    .argument('<address>', 'osier://ID@HOST:PORT')
    .option('-c, --count <n>', 'how many', count, 4)
    .option('--interval-ms <ms>', 'time between two', milliseconds, 1000)
    .option('--timeout-ms <ms>', 'how long to try to connect, and to wait for each answer', milliseconds, 15_000)
    .action((address: string, flags: PingFlags) => ping(address, flags, terminal()));
}

async function ping(address: string, flags: PingFlags, terminal: Terminal): Promise<void> {
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  const peer = await node.connect(address, { timeoutMs: flags.timeoutMs, signal });
  const roundTripsMs: number[] = [];
  for (let sequence = 1; sequence <= flags.count; sequence++) {
    if (sequence > 1) await sleep(flags.intervalMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    const rttMs = await pingOnce(peer, flags.timeoutMs, signal);
    if (rttMs !== null) roundTripsMs.push(rttMs);
    const text = rttMs === null ? `${sequence}: no answer within ${formatDuration(flags.timeoutMs)}` : `${sequence}: ${formatDuration(rttMs)}`;
    terminal.result({ event: 'ping', sequence, rttMs }, text);
  }
  summarise(peer, flags.count, roundTripsMs, terminal);
}

/** One round trip, `null` when no answer came in time. */
async function pingOnce(peer: Peer, timeoutMs: number, signal: AbortSignal): Promise<number | null> {
  try {
    return await peer.ping({ timeoutMs, signal });
  } catch (error) {
    if (OsierError.is(error, 'ERR_OSIER_TIMEOUT')) return null;
    throw error;
  }
}

function summarise(peer: Peer, sent: number, roundTripsMs: readonly number[], terminal: Terminal): void {
  const spread = spreadOf(roundTripsMs);
  if (spread === null) {
    throw new CommandError('ERR_CLI_NO_ANSWER', ExitCode.unreachable, `${peer.id} connected, and answered no ping; it may be overloaded, or gone.`);
  }
  const { minMs, medianMs, maxMs } = spread;
  const answered = roundTripsMs.length;
  const text = `${answered} of ${sent} answered, min / median / max ${[minMs, medianMs, maxMs].map(formatDuration).join(' / ')}`;
  terminal.result({ event: 'summary', peer: peer.id, sent, answered, minMs, medianMs, maxMs }, text);
}
