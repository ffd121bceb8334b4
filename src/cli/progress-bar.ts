/** The line that shows how far a transfer is. */
import { formatBytes, formatDuration, formatRate } from './format.js';

/** Where a transfer stands. */
export interface Progress {
  readonly name: string;
  readonly doneBytes: number;
  readonly sizeBytes: number;
  readonly elapsedMs: number;
  /** `null` before the first measurement. */
  readonly rttMs: number | null;
}

const BAR_WIDTH = 16;
const MAX_NAME_LENGTH = 20;

/** `node [=====>          ]  37 %  4.10 Gbit/s  RTT 0.083 ms  37.2 MB of 99.8 MB  0.1 s left`, without the parts that don't fit in `width` columns. */
export function progressLine(progress: Progress, width: number): string {
  const { doneBytes, sizeBytes, elapsedMs, rttMs } = progress;
  const share = sizeBytes === 0 ? 1 : Math.min(1, doneBytes / sizeBytes);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(BAR_WIDTH);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  const parts = [formatRate(doneBytes, elapsedMs)];
  if (rttMs !== null) parts.push(`RTT ${formatDuration(rttMs)}`);
  parts.push(`${formatBytes(doneBytes)} of ${formatBytes(sizeBytes)}`);
  if (share > 0 && share < 1) parts.push(`${formatDuration((elapsedMs * (1 - share)) / share)} left`);
  return withWhatFits(`${progress.name.slice(0, MAX_NAME_LENGTH)} [${bar}] ${percent} %`, parts, width);
}

function withWhatFits(start: string, parts: readonly string[], width: number): string {
  return parts.reduce((line, part) => (line.length + 2 + part.length <= width ? `${line}  ${part}` : line), start).slice(0, width);
}
