/** Quantities as a person reads them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `99.8 MB`; decimal units. */
export function formatBytes(byteCount: number): string {
  const exponent = byteCount < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(byteCount) / 3));
  const value = byteCount / 1000 ** exponent;
  return `${exponent === 0 ? value : value.toFixed(1)} ${UNITS[exponent]}`;
}

/** `5.32 Gbit/s`, `81.0 Mbit/s`. */
export function formatRate(byteCount: number, durationMs: number): string {
  const megabits = (byteCount * 8) / 1000 / Math.max(durationMs, 0.001);
  return megabits >= 1000 ? `${(megabits / 1000).toFixed(2)} Gbit/s` : `${megabits.toFixed(1)} Mbit/s`;
}

/** `0.083 ms`, `12.4 ms`, `3.2 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs >= 1000) return `${(durationMs / 1000).toFixed(1)} s`;
  return `${durationMs.toPrecision(3)} ms`;
}
