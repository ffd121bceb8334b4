/** `osier send`: one file to one peer. */
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Command } from 'commander';
import { sendFile } from './file-transfer/sender.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { addNodeOptions, type NodeFlags, requireSecret, startNode } from './node-options.js';
import { milliseconds } from './numbers.js';
import { progressLine } from './progress-bar.js';
import { abortOnInterrupt } from './signals.js';
import type { Terminal } from './terminal.js';

interface SendFlags extends NodeFlags {
  readonly name?: string;
  readonly timeoutMs: number;
}

/** Adds the command. */
export function addSend(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('send'))
    .description('send a file to a node that runs "osier listen"')
    .argument('<file>', 'file to send')
    .argument('<address>', 'osier://ID@HOST:PORT, as "osier listen" prints it')
    .option('--name <name>', 'name to give it there (default: its own)')
    .option('--timeout-ms <ms>', 'how long to try to connect', milliseconds, 15_000)
    .action((file: string, address: string, flags: SendFlags) => send(file, address, flags, terminal()));
}

async function send(file: string, address: string, flags: SendFlags, terminal: Terminal): Promise<void> {
  const signal = abortOnInterrupt();
  await using node = await startNode(flags, await requireSecret(flags));
  const peer = await node.connect(address, { timeoutMs: flags.timeoutMs, signal });
  const startMs = performance.now();
  const name = flags.name ?? basename(file);
  const sent = await sendFile(peer, file, {
    name: flags.name,
    signal,
    onProgress: (doneBytes, sizeBytes) => {
      const { rttMicros } = peer.stats();
      const rttMs = rttMicros === null ? null : rttMicros / 1000;
      const progress = { name, doneBytes, sizeBytes, elapsedMs: performance.now() - startMs, rttMs };
      terminal.progress((width) => progressLine(progress, width));
    },
  });
  const speed = `${formatBytes(sent.sizeBytes)} in ${formatDuration(sent.durationMs)} (${formatRate(sent.sizeBytes, sent.durationMs)})`;
  terminal.result({ event: 'sent', to: peer.id, ...sent }, `sent ${sent.name}: ${speed} to ${peer.id}\n  BLAKE2b ${sent.blake2b}`);
}
