/**
 * Small messages with a deadline. Each holds its sequence number (u32) and the sender's monotonic time (f64), little-endian. When the opener has ended,
 * the other end answers with one message, a {@link LatencyReport} as JSON, and ends.
 */
import type { Clock, MessageOutcome, MessageStream, Peer } from '../../index.js';
import { CommandError, ExitCode } from '../exit-codes.js';
import { monotonicMs } from './monotonic-clock.js';

/** The protocol's name. */
export const STATUS_PROTOCOL = 'osier/demo-status/1';

/** A message is worth nothing when it is older. */
export const LIFETIME_MS = 100;

const INTERVAL_MS = 2;
const MESSAGE_BYTES = 12;

/** What the receiver measured; times are `null` when nothing was delivered. */
export interface LatencyReport {
  readonly received: number;
  readonly medianMs: number | null;
  readonly p99Ms: number | null;
}

/** What became of the messages: sent = delivered + expired + unknown. */
export interface StatusResult extends LatencyReport {
  readonly sent: number;
  readonly delivered: number;
  readonly expired: number;
  readonly unknown: number;
  readonly lifetimeMs: number;
}

/** Sends a message every few milliseconds until `over` aborts, then waits for the fate of each and for the report. */
export async function sendStatus(peer: Peer, clock: Clock, over: AbortSignal, signal: AbortSignal): Promise<StatusResult> {
  await using stream = await peer.openStream(STATUS_PROTOCOL, { kind: 'messages', lifetimeMs: LIFETIME_MS, priority: 0, signal });
  const fates: Promise<MessageOutcome>[] = [];
  do {
    const fate = stream.deliver(encode(fates.length), { signal });
    fate.catch(() => {});
    fates.push(fate);
    await clock.sleep(INTERVAL_MS, { signal });
  } while (!over.aborted);
  const count = { delivered: 0, expired: 0, unknown: 0 };
  for (const fate of fates) count[(await fate).status]++;
  await stream.end({ signal });
  return { sent: fates.length, ...count, lifetimeMs: LIFETIME_MS, ...(await readReport(stream, signal)) };
}

/** Measures the latency of what comes, by this machine's clock, and reports it. */
export async function serveStatus(stream: MessageStream): Promise<void> {
  const latenciesMs: number[] = [];
  for await (const message of stream) latenciesMs.push(monotonicMs() - sentAtMs(message));
  await stream.send(new TextEncoder().encode(JSON.stringify(latencyReport(latenciesMs))));
  await stream.end();
}

/** The nearest-rank percentiles of some latencies. */
export function latencyReport(latenciesMs: readonly number[]): LatencyReport {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const percentile = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
  return { received: sorted.length, medianMs: percentile(0.5), p99Ms: percentile(0.99) };
}

function encode(sequence: number): Uint8Array {
  const message = Buffer.alloc(MESSAGE_BYTES);
  message.writeUInt32LE(sequence);
  message.writeDoubleLE(monotonicMs(), 4);
  return message;
}

function sentAtMs(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset, message.byteLength).getFloat64(4, true);
}

async function readReport(stream: MessageStream, signal: AbortSignal): Promise<LatencyReport> {
  for await (const message of stream.until(signal)) return JSON.parse(new TextDecoder().decode(message)) as LatencyReport;
  throw signal.reason ?? new CommandError('ERR_CLI_RECEIVER', ExitCode.internal, 'the receiving process reported no latencies; run the demo again.');
}
