/** `osier demo`: two processes on this machine move a real file, the node binary itself, from one to the other. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import colors from 'picocolors';
import { generateIdentity, MeshNode, type Peer } from '../index.js';
import { CommandError, ExitCode } from './exit-codes.js';
import { DIGEST_ALGORITHM } from './file-transfer/protocol.js';
import { sendFile } from './file-transfer/sender.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { makeUpSecret } from './node-options.js';
import { progressLine } from './progress-bar.js';
import { abortOnInterrupt } from './signals.js';
import type { Terminal } from './terminal.js';

const PINGS = 21;

/** How long the other process may take to start, and to report. */
const RECEIVER_TIMEOUT_MS = 30_000;

/** Adds the command. */
export function addDemo(program: Command, terminal: () => Terminal): void {
  program
    .command('demo')
    .description('send the node binary from one process to another on this machine')
    .argument('[file]', 'another file to send', process.execPath)
    .action((file: string) => demo(file, terminal()));
}

async function demo(file: string, terminal: Terminal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'osier-demo-'));
  const secret = makeUpSecret();
  const receiver = new Receiver(folder, secret);
  try {
    const { address = '' } = await receiver.next('listening');
    terminal.note(`Process ${receiver.pid} listens as ${address}`);
    await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
    const signal = abortOnInterrupt();
    const peer = await node.connect(address, { signal });
    terminal.note(`Process ${process.pid} is connected, and sends ${file}`);
    await transfer(peer, file, folder, receiver, terminal, signal);
  } finally {
    receiver.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function transfer(peer: Peer, file: string, folder: string, receiver: Receiver, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const rttMs = await medianPing(peer, signal);
  const startMs = performance.now();
  const onProgress = (doneBytes: number, sizeBytes: number) => {
    const progress = { name: basename(file), doneBytes, sizeBytes, elapsedMs: performance.now() - startMs, rttMs };
    terminal.progress((width) => progressLine(progress, width));
  };
  const sent = await sendFile(peer, file, { name: 'demo.bin', signal, onProgress });
  const received = await receiver.next('received');
  const stored = await hashOf(join(folder, 'demo.bin'));
  if (stored !== sent.blake2b || received.blake2b !== sent.blake2b) {
    throw new CommandError('ERR_CLI_DAMAGED', ExitCode.interrupted, 'the file that arrived is not the file that was sent; please report this.');
  }
  const { sizeBytes, durationMs, blake2b } = sent;
  terminal.result(
    { event: 'demo', file, sizeBytes, durationMs, gbitPerSecond: (sizeBytes * 8) / durationMs / 1e6, rttMs, blake2b, verified: true },
    [
      `moved       ${formatBytes(sizeBytes)} in ${formatDuration(durationMs)}, encrypted, hashed at both ends and stored`,
      `throughput  ${formatRate(sizeBytes, durationMs)}`,
      `round trip  ${formatDuration(rttMs)} (median of ${PINGS})`,
      `BLAKE2b     ${blake2b}`,
      `            ${colors.green('verified')}: the file on the receiver's disk has the same hash`,
    ].join('\n'),
  );
}

async function medianPing(peer: Peer, signal: AbortSignal): Promise<number> {
  const roundTripsMs: number[] = [];
  for (let i = 0; i < PINGS; i++) roundTripsMs.push(await peer.ping({ signal }));
  return roundTripsMs.sort((a, b) => a - b)[Math.floor(PINGS / 2)] ?? Number.NaN;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash(DIGEST_ALGORITHM);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The other process: `osier listen --once --json`. */
class Receiver {
  private readonly child: ChildProcessByStdio<null, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor(folder: string, secret: string) {
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const args = [main, 'listen', '--once', '--json', '--bind', 'udp://127.0.0.1:0', '--dir', folder];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, OSIER_SECRET: secret } });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The next line that the process prints, which must be the event `name`. */
  async next(name: string): Promise<Record<string, string>> {
    const timer = setTimeout(() => this.stop(), RECEIVER_TIMEOUT_MS);
    const { value, done } = await this.lines.next();
    clearTimeout(timer);
    const event = done === true ? null : (JSON.parse(value) as Record<string, string>);
    if (event?.event === name) return event;
    throw new CommandError(
      'ERR_CLI_RECEIVER',
      ExitCode.internal,
      `the receiving process ended early${event === null ? '' : `: ${event.message}`}; run the demo again.`,
    );
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
