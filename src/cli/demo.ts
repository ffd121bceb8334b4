/**
 * `osier demo`: two processes on this machine move a real file, the node binary itself, from one to the other, with messages that have a deadline beside
 * it; then a second, shorter transfer whose sender changes its address in the middle.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import colors from 'picocolors';
import { generateIdentity, MeshNode, type Peer } from '../index.js';
import { Receiver } from './demo/receiver.js';
import { type RoamingResult, roam } from './demo/roaming.js';
import { type StatusResult, sendStatus } from './demo/status-messages.js';
import { CommandError, ExitCode } from './exit-codes.js';
import { DIGEST_ALGORITHM } from './file-transfer/protocol.js';
import { type SentFile, sendFile } from './file-transfer/sender.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { makeUpSecret } from './node-options.js';
import { progressLine } from './progress-bar.js';
import { abortOnInterrupt } from './signals.js';
import { spreadOf } from './spread.js';
import type { Terminal } from './terminal.js';

const PINGS = 21;

/** The file's name at the receiver. */
const STORED_NAME = 'demo.bin';

/** Adds the command. */
export function addDemo(program: Command, terminal: () => Terminal): void {
  program
    .command('demo')
    .description('send the node binary, and messages with deadlines, between two processes on this machine, and change address in mid-transfer')
    .argument('[file]', 'another file to send', process.execPath)
    .action((file: string) => demo(file, terminal()));
}

/** What both parts of the demo need. */
interface Run {
  readonly file: string;
  /** Where the receiver stores it. */
  readonly storedAs: string;
  readonly receiver: Receiver;
  readonly address: string;
  readonly secret: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** What the first part found, over the direct path. */
interface Transfer {
  readonly sent: SentFile;
  readonly rttMs: number;
  readonly messages: StatusResult;
}

async function demo(file: string, terminal: Terminal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'osier-demo-'));
  const signal = abortOnInterrupt();
  const secret = makeUpSecret();
  const receiver = new Receiver(folder, secret);
  try {
    const { address } = await receiver.next('listening');
    terminal.note(`Process ${receiver.pid} listens as ${address}`);
    const transfer = await transferDirectly({ file, storedAs: join(folder, STORED_NAME), receiver, address, secret, terminal, signal });
    terminal.note('A second, slow transfer goes through a forwarder, which takes another port half-way, as a NAT does');
    const roaming = await roam(address, secret, signal);
    report(file, transfer, roaming, terminal);
  } finally {
    receiver.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Sends the file, and messages beside it, and compares what is stored. */
async function transferDirectly({ file, storedAs, receiver, address, secret, terminal, signal }: Run): Promise<Transfer> {
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
  const peer = await node.connect(address, { signal });
  terminal.note(`Process ${process.pid} is connected, and sends ${file}, with small messages beside it`);
  const rttMs = await medianPing(peer, signal);
  const startMs = performance.now();
  const onProgress = (doneBytes: number, sizeBytes: number) => {
    const progress = { name: basename(file), doneBytes, sizeBytes, elapsedMs: performance.now() - startMs, rttMs };
    terminal.progress((width) => progressLine(progress, width));
  };
  const over = new AbortController();
  const messages = sendStatus(peer, node.clock, over.signal, signal);
  messages.catch(() => {});
  const sent = await sendFile(peer, file, { name: STORED_NAME, signal, onProgress }).finally(() => over.abort());
  const received = await receiver.next('received');
  const stored = await hashOf(storedAs);
  if (stored !== sent.blake2b || received.blake2b !== sent.blake2b) {
    throw new CommandError('ERR_CLI_DAMAGED', ExitCode.interrupted, 'the file that arrived is not the file that was sent; please report this.');
  }
  return { sent, rttMs, messages: await messages };
}

function report(file: string, { sent, rttMs, messages }: Transfer, roaming: RoamingResult, terminal: Terminal): void {
  const { sizeBytes, durationMs, blake2b } = sent;
  const { from, to } = roaming;
  const gbitPerSecond = (sizeBytes * 8) / durationMs / 1e6;
  terminal.result(
    { event: 'demo', file, sizeBytes, durationMs, gbitPerSecond, rttMs, blake2b, verified: true, messages, roaming },
    [
      `moved       ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}, encrypted, hashed at both ends and stored`,
      `throughput  ${formatRate(sizeBytes, durationMs)}`,
      `round trip  ${formatDuration(rttMs)} (median of ${PINGS})`,
      `messages    ${messages.sent} sent beside the file, each to arrive within ${messages.lifetimeMs} ms: ${fatesOf(messages)}`,
      `latency     ${latencyOf(messages)}, as the receiver measured it`,
      `roaming     through a forwarder, ${formatBytes(roaming.sizeBytes)}: from ${from.host}:${from.port} to ${to.host}:${to.port} in mid-transfer`,
      `pause       ${formatDuration(roaming.pauseMs)} at most between arriving bytes; all of them arrived and were compared`,
      `BLAKE2b     ${blake2b}`,
      `            ${colors.green('verified')}: the file on the receiver's disk has the same hash`,
    ].join('\n'),
  );
}

function fatesOf({ delivered, expired, unknown }: StatusResult): string {
  return `${delivered} delivered, ${expired} expired, ${unknown} unknown`;
}

function latencyOf({ medianMs, p99Ms }: StatusResult): string {
  if (medianMs === null || p99Ms === null) return 'none: no message was delivered';
  return `${formatDuration(medianMs)} median, ${formatDuration(p99Ms)} 99th percentile`;
}

async function medianPing(peer: Peer, signal: AbortSignal): Promise<number> {
  const roundTripsMs: number[] = [];
  for (let i = 0; i < PINGS; i++) roundTripsMs.push(await peer.ping({ signal }));
  return spreadOf(roundTripsMs)?.medianMs ?? Number.NaN;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash(DIGEST_ALGORITHM);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
