/** Milliseconds of the machine's monotonic clock: processes of one machine can compare them, and no step of the wall clock shows. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
