/** `osier perf`: throughput to a listener, and the round trip while it lasts. */
import type { Command } from 'commander';
import type { Peer } from '../index.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { addNodeOptions, type NodeFlags, requireSecret, startNode } from './node-options.js';
import { milliseconds, secondsOfLoad, streamCount } from './numbers.js';
import { measure, type PerfResult } from './perf/client.js';
import { abortOnInterrupt } from './signals.js';
import { spreadOf } from './spread.js';
import type { Terminal } from './terminal.js';

interface PerfFlags extends NodeFlags {
  readonly seconds: number;
  readonly streams: number;
  readonly timeoutMs: number;
}

/** Adds the command. */
export function addPerf(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('perf'))
    .description('measure throughput, and the round trip under load, to a node that runs "osier listen"')
    .argument('<address>', 'osier://ID@HOST:PORT, as "osier listen" prints it')
    .option('--seconds <n>', 'how long to send', secondsOfLoad, 10)
    .option('--streams <n>', 'how many streams to share the work', streamCount, 1)
    .option('--timeout-ms <ms>', 'how long to try to connect', milliseconds, 15_000)
    .action((address: string, flags: PerfFlags) => perf(address, flags, terminal()));
}

async function perf(address: string, flags: PerfFlags, terminal: Terminal): Promise<void> {
  const { seconds, streams } = flags;
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  const peer = await node.connect(address, { timeoutMs: flags.timeoutMs, signal });
  const result = await measure(peer, {
    seconds,
    streams,
    signal,
    onProgress: (byteCount, elapsedMs) => terminal.progress(() => `${formatDuration(elapsedMs)}  ${formatRate(byteCount, elapsedMs)}`),
  });
  report(peer, streams, result, terminal);
}

function report(peer: Peer, streams: number, { byteCount, durationMs, idleRoundTripsMs, loadedRoundTripsMs }: PerfResult, terminal: Terminal): void {
  const idle = spreadOf(idleRoundTripsMs);
  const loaded = spreadOf(loadedRoundTripsMs);
  const { packetsSent, packetsLost, mtuBytes } = peer.stats();
  const cipher = peer.state.status === 'connected' ? peer.state.cipher : null;
  const fields = { peer: peer.id, streams, byteCount, durationMs, bitsPerSecond: (byteCount * 8_000) / durationMs, idle, loaded };
  const shown = (spread: typeof idle): string =>
    spread === null ? 'no answer' : [spread.minMs, spread.medianMs, spread.maxMs].map(formatDuration).join(' / ');
  terminal.result(
    { event: 'perf', ...fields, packetsSent, packetsLost, mtuBytes, cipher },
    [
      `throughput          ${formatRate(byteCount, durationMs)}: ${formatBytes(byteCount)} in ${formatDuration(durationMs)}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`,
      `round trip, idle    ${shown(idle)} (min / median / max)`,
      `round trip, loaded  ${shown(loaded)}`,
      `packets             ${packetsSent} sent, ${packetsLost} lost, of up to ${mtuBytes} B; ${cipher}`,
    ].join('\n'),
  );
}
