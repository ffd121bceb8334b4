/**
 * A transfer through a forwarder that takes another port in its middle, so that the receiver sees the sender at another address. The opener sends the
 * pattern of `osier perf` at a steady pace and ends; the other end compares every byte, answers with a {@link RoamingReport} as JSON, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ByteStream,
  type Clock,
  generateIdentity,
  type HandlerContext,
  MeshNode,
  type PathChange,
  parseAddress,
  type SocketAddress,
} from '../../index.js';
import { CommandError, ExitCode } from '../exit-codes.js';
import { isPattern, PATTERN } from '../perf/protocol.js';
import { monotonicMs } from './monotonic-clock.js';
import { UdpForwarder } from './udp-forwarder.js';

/** The protocol's name. */
export const ROAMING_PROTOCOL = 'osier/demo-roaming/1';

/** A piece each interval: slow enough for a forwarder in JavaScript, and gaps that are none stay short. */
const PIECE_BYTES = 8_192;
const INTERVAL_MS = 2;
const PIECES = 400;

/** How long the receiver waits for the change after the last byte. */
const CHANGE_TIMEOUT_MS = 5_000;

/** What the receiver saw. */
interface RoamingReport {
  readonly receivedBytes: number;
  /** Monotonic times at which bytes arrived, in order. */
  readonly arrivalsMs: readonly number[];
  /** The peer's address before and after; `null` when it stayed where it was. */
  readonly change: { readonly from: SocketAddress; readonly to: SocketAddress } | null;
}

/** How a transfer with a change of address went. */
export interface RoamingResult {
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** The sender's address as the receiver saw it. */
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  /** The longest time without arriving bytes, from the change of address on. */
  readonly pauseMs: number;
}

/** Connects to `address` through a forwarder of its own, sends, and changes the forwarder's port half-way. */
export async function roam(address: string, secret: string, signal: AbortSignal): Promise<RoamingResult> {
  const { id, hosts } = parseAddress(address);
  const [target] = hosts;
  if (id === null || target === undefined) throw new CommandError('ERR_CLI_RECEIVER', ExitCode.internal, 'the receiving process has no address.');
  await using forwarder = await UdpForwarder.start(target);
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
  const peer = await node.connect(`osier://${id}@127.0.0.1:${forwarder.port}`, { signal });
  await using stream = await peer.openStream(ROAMING_PROTOCOL, { signal });
  const startMs = monotonicMs();
  const changedAtMs = await sendAndChange(stream, forwarder, node.clock, signal);
  await stream.end({ signal });
  return resultOf(await readReport(stream, signal), startMs, changedAtMs);
}

/** Serves one such transfer. */
export async function serveRoaming(stream: ByteStream, { peer }: HandlerContext): Promise<void> {
  let tellChange: (change: RoamingReport['change']) => void = () => {};
  const changed = new Promise<RoamingReport['change']>((resolve) => {
    tellChange = resolve;
  });
  const onPath = ({ from, to, cause }: PathChange): void => {
    if (cause.kind === 'roamed' && from?.kind === 'direct' && to?.kind === 'direct') tellChange({ from: from.remote, to: to.remote });
  };
  peer.on('path', onPath);
  try {
    const arrivalsMs: number[] = [];
    let receivedBytes = 0;
    for await (const view of stream.views()) {
      if (!isPattern(view, receivedBytes)) return stream.reset();
      receivedBytes += view.length;
      arrivalsMs.push(monotonicMs());
    }
    const change = await Promise.race([changed, sleep(CHANGE_TIMEOUT_MS, null, { ref: false })]);
    await stream.write(new TextEncoder().encode(JSON.stringify({ receivedBytes, arrivalsMs, change } satisfies RoamingReport)));
    await stream.end();
  } finally {
    peer.off('path', onPath);
  }
}

/** Sends at a steady pace; returns when the port was changed. */
async function sendAndChange(stream: ByteStream, forwarder: UdpForwarder, clock: Clock, signal: AbortSignal): Promise<number> {
  let changedAtMs = Number.POSITIVE_INFINITY;
  for (let piece = 0; piece < PIECES; piece++) {
    if (piece === PIECES / 2) {
      await forwarder.changePort();
      changedAtMs = monotonicMs();
    }
    await stream.write(patternAt(piece * PIECE_BYTES), { signal });
    await clock.sleep(INTERVAL_MS, { signal });
  }
  return changedAtMs;
}

/** The piece of the pattern that belongs at `offset`. */
function patternAt(offset: number): Uint8Array {
  return Uint8Array.from({ length: PIECE_BYTES }, (_, index) => PATTERN[(offset + index) % PATTERN.length] ?? 0);
}

async function readReport(stream: ByteStream, signal: AbortSignal): Promise<RoamingReport> {
  const pieces: Uint8Array[] = [];
  const piece = new Uint8Array(PIECE_BYTES);
  for (let length = -1; length !== 0; pieces.push(piece.slice(0, length))) length = await stream.read(piece, { signal });
  return JSON.parse(Buffer.concat(pieces).toString()) as RoamingReport;
}

function resultOf(report: RoamingReport, startMs: number, changedAtMs: number): RoamingResult {
  const { receivedBytes, arrivalsMs, change } = report;
  const sizeBytes = PIECES * PIECE_BYTES;
  if (receivedBytes !== sizeBytes) throw failure('ERR_CLI_DAMAGED', `${receivedBytes} bytes of ${sizeBytes} arrived`);
  if (change === null) throw failure('ERR_CLI_NOT_ROAMED', 'the receiver noticed no change of address');
  return { sizeBytes, durationMs: (arrivalsMs.at(-1) ?? startMs) - startMs, ...change, pauseMs: longestPauseMs(arrivalsMs, changedAtMs) };
}

/** The longest gap between two arrivals of which the later one came after `changedAtMs`; 0 when there is none. */
export function longestPauseMs(arrivalsMs: readonly number[], changedAtMs: number): number {
  return arrivalsMs.reduce((longest, atMs, index) => (atMs < changedAtMs ? longest : Math.max(longest, atMs - (arrivalsMs[index - 1] ?? atMs))), 0);
}

function failure(code: string, problem: string): CommandError {
  return new CommandError(code, ExitCode.interrupted, `in the transfer with a change of address, ${problem}; please report this.`);
}
