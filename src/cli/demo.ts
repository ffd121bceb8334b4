/**
 * `osier demo`: two processes on this machine move a real file, the node binary itself, from one to the other, with messages that have a deadline beside
 * it; then a shorter transfer whose sender changes its address in the middle; then the file once more, between two of five processes over relays, of
 * which one is killed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Command } from 'commander';
import colors from 'picocolors';
import { generateIdentity, MeshNode, type Peer } from '../index.js';
import { Member } from './demo/member.js';
import { hasBothFamilies, type RelayedResult, sendRelayed } from './demo/relayed.js';
import { type RoamingResult, roam } from './demo/roaming.js';
import { type StatusResult, sendStatus } from './demo/status-messages.js';
import { verifyStored } from './demo/stored-file.js';
import { type SentFile, sendFile } from './file-transfer/sender.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { makeUpSecret } from './node-options.js';
import { progressLine } from './progress-bar.js';
import { abortOnInterrupt } from './signals.js';
import { spreadOf } from './spread.js';
import type { Terminal } from './terminal.js';

const PINGS = 21;

/** The file's names where it arrives. */
const STORED_NAME = 'demo.bin';
const RELAYED_NAME = 'relayed.bin';

/** Adds the command. */
export function addDemo(program: Command, terminal: () => Terminal): void {
  program
    .command('demo')
    .description('send the node binary between processes on this machine: directly, with a change of address, and over relays of which one is killed')
    .argument('[file]', 'another file to send', process.execPath)
    .action((file: string) => demo(file, terminal()));
}

/** What all parts of the demo need. */
interface Run {
  readonly file: string;
  /** Where received files are stored. */
  readonly folder: string;
  readonly secret: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** The process that the first two parts send to. */
interface Target {
  readonly receiver: Member;
  readonly address: string;
}

/** What the first part found, over the direct path. */
interface Transfer {
  readonly sent: SentFile;
  readonly rttMs: number;
  readonly messages: StatusResult;
}

async function demo(file: string, terminal: Terminal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'osier-demo-'));
  const run = { file, folder, secret: makeUpSecret(), terminal, signal: abortOnInterrupt() };
  try {
    const { transfer, roaming } = await transferToOne(run);
    const relayed = await transferOverRelays(run, transfer.sent.sizeBytes);
    report(file, transfer, roaming, relayed, terminal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first two parts. */
async function transferToOne(run: Run): Promise<{ transfer: Transfer; roaming: RoamingResult }> {
  const { folder, secret, terminal, signal } = run;
  const receiver = new Member(secret, { listen: ['udp://127.0.0.1:0'], peers: [], relays: false, folder });
  try {
    const { address } = await receiver.next('listening');
    terminal.note(`Process ${receiver.pid} listens as ${address}`);
    const transfer = await transferDirectly(run, { receiver, address });
    terminal.note('A second, slow transfer goes through a forwarder, which takes another port half-way, as a NAT does');
    return { transfer, roaming: await roam(address, secret, signal) };
  } finally {
    receiver.kill();
  }
}

/** Sends the file, and messages beside it, and compares what is stored. */
async function transferDirectly(run: Run, { receiver, address }: Target): Promise<Transfer> {
  const { file, folder, secret, terminal, signal } = run;
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
  const peer = await node.connect(address, { signal });
  terminal.note(`Process ${process.pid} is connected, and sends ${file}, with small messages beside it`);
  const rttMs = await medianPing(peer, signal);
  const over = new AbortController();
  const messages = sendStatus(peer, node.clock, over.signal, signal);
  messages.catch(() => {});
  const sent = await sendFile(peer, file, { name: STORED_NAME, signal, onProgress: showProgress(run, rttMs) }).finally(() => over.abort());
  const received = await receiver.next('received');
  await verifyStored(join(folder, STORED_NAME), [sent.blake2b, received.blake2b]);
  return { sent, rttMs, messages: await messages };
}

/** `null`: this machine has not what it needs. */
async function transferOverRelays(run: Run, sizeBytes: number): Promise<RelayedResult | null> {
  const { file, folder, secret, terminal, signal } = run;
  if (!hasBothFamilies()) {
    terminal.note('No transfer over relays: it needs the addresses 127.0.0.1 and ::1, and this machine lacks one of them');
    return null;
  }
  const note = (text: string): void => terminal.note(text);
  return sendRelayed({ file, sizeBytes, folder, name: RELAYED_NAME, secret, signal, note, onProgress: showProgress(run, null) });
}

function showProgress({ file, terminal }: Run, rttMs: number | null): (doneBytes: number, sizeBytes: number) => void {
  const startMs = performance.now();
  return (doneBytes, sizeBytes) => {
    const progress = { name: basename(file), doneBytes, sizeBytes, elapsedMs: performance.now() - startMs, rttMs };
    terminal.progress((width) => progressLine(progress, width));
  };
}

function report(file: string, transfer: Transfer, roaming: RoamingResult, relayed: RelayedResult | null, terminal: Terminal): void {
  const { sent, rttMs, messages } = transfer;
  const { sizeBytes, durationMs, blake2b } = sent;
  const { from, to } = roaming;
  const gbitPerSecond = (sizeBytes * 8) / durationMs / 1e6;
  terminal.result(
    { event: 'demo', file, sizeBytes, durationMs, gbitPerSecond, rttMs, blake2b, verified: true, messages, roaming, relayed },
    [
      `moved       ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}, encrypted, hashed at both ends and stored`,
      `throughput  ${formatRate(sizeBytes, durationMs)}`,
      `round trip  ${formatDuration(rttMs)} (median of ${PINGS})`,
      `messages    ${messages.sent} sent beside the file, each to arrive within ${messages.lifetimeMs} ms: ${fatesOf(messages)}`,
      `latency     ${latencyOf(messages)}, as the receiver measured it`,
      `roaming     through a forwarder, ${formatBytes(roaming.sizeBytes)}: from ${from.host}:${from.port} to ${to.host}:${to.port} in mid-transfer`,
      `pause       ${formatDuration(roaming.pauseMs)} at most between arriving bytes; all of them arrived and were compared`,
      ...(relayed === null ? [] : linesOf(relayed)),
      `BLAKE2b     ${blake2b}`,
      `            ${colors.green('verified')}: the file on the receiver's disk has the same hash${relayed === null ? '' : ', both times'}`,
    ].join('\n'),
  );
}

function linesOf({ sizeBytes, durationMs, before, after, killed, pauseMs }: RelayedResult): readonly string[] {
  const way = (relays: readonly string[]) => ['A', ...relays, 'E'].join(' → ');
  return [
    `relayed     ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}, over relays that cannot read it: ${way(before)}`,
    `failover    ${killed} was killed in mid-transfer; then ${way(after)}, and nobody saw an error`,
    `pause       ${formatDuration(pauseMs)} at most between arriving bytes, from the kill on`,
  ];
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
